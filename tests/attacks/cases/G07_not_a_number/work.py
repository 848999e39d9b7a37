"""A recording of its own, with NaN, which is no JSON."""
import ctypes
import os

payload = b'{"kind": "scripts", "complete": true, "seconds": NaN}'
frame = b"HRN1J" + len(b"recording").to_bytes(2, "big") + b"recording" + len(payload).to_bytes(8, "big") + payload
for number in range(3, 64):
    try:
        if os.readlink("/proc/self/fd/%d" % number).startswith("pipe:"):
            print("wrote", os.write(number, frame))
    except OSError:
        continue
ctypes.CDLL(None)._exit(0)
