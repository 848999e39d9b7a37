"""A file of a tebibyte that takes no room."""
import errno
import os

for name in ("result.npy", "/dev/shm/harness-attack-mark", "/scratch/harness-attack-mark"):
    try:
        with open(name, "wb") as file:
            file.truncate(2**40)
        print(name, "-> GOT THROUGH")
    except OSError as error:
        print(name, "->", errno.errorcode[error.errno])
