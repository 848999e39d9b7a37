"""fills the shared memory until nothing goes in."""
import errno
import os

written = 0
with open("/dev/shm/harness-attack-mark", "wb") as file:
    try:
        while written < 10**12:
            written += file.write(bytes(2**22))
            file.flush()
    except OSError as error:
        print("after", "less" if written <= 300 * 2**20 else "more", "than 300 MiB ->", errno.errorcode[error.errno])
if written > 10**9:
    print("GOT THROUGH:", written)
count = 0
try:
    while count < 20_000:
        open("/dev/shm/harness-attack-mark-%d" % count, "w").close()
        count += 1
except OSError as error:
    print("small files ->", errno.errorcode[error.errno])
print("done")
