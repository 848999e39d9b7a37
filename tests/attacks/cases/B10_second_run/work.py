"""Leaves a message wherever a later run of another student could find it, and looks for one. The second of two."""
import ctypes
import errno
import fcntl
import os
import socket
import select

libc = ctypes.CDLL(None, use_errno=True)
MARK = "harness-attack-mark"
mine = os.urandom(8).hex()
KEY = 0x48524E31
ADD_KEY, REQUEST_KEY, KEYCTL = {"x86_64": (248, 249, 250), "aarch64": (217, 218, 219)}[os.uname().machine]
PLACES = ["/dev/shm", "/tmp", "/var/tmp", "/scratch", "/work", "/work/in", os.path.expanduser("~"), "/run", "/dev/mqueue"]
libc.shmat.restype = ctypes.c_void_p


def say(what, error=None):
    print(what, "->", errno.errorcode.get(error or ctypes.get_errno(), "?"))


def leave():
    for place in PLACES:
        try:
            with open(place + "/" + MARK, "w") as file:
                file.write(mine)
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            say("leave in " + place, error.errno)
    if libc.syscall(ADD_KEY, b"user", MARK.encode(), mine.encode(), len(mine), -5) == -1:
        say("key in the session's ring")
    else:
        print("key -> GOT THROUGH")
    shared = libc.shmget(KEY, 4096, 0o1000 | 0o666)
    if shared != -1:
        at = libc.shmat(shared, None, 0)
        if at not in (None, ctypes.c_void_p(-1).value):
            ctypes.memmove(at, mine.encode(), len(mine))
    try:
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind("\0" + MARK)
        listener.listen()
        return listener
    except OSError as error:
        say("abstract socket", error.errno)


def look():
    for place in PLACES:
        path = place + "/" + MARK
        if os.path.exists(path) and open(path).read() != mine:
            print("GOT THROUGH: found a message in", place)
    if libc.syscall(KEYCTL, 10, -3, b"user", MARK.encode(), 0) > 0 or libc.syscall(REQUEST_KEY, b"user", MARK.encode(), 0, 0) > 0:
        print("GOT THROUGH: found a key")
    shared = libc.shmget(KEY, 4096, 0o666)
    if shared != -1:
        at = libc.shmat(shared, None, 0)
        if at not in (None, ctypes.c_void_p(-1).value) and ctypes.string_at(at, len(mine)).decode("latin-1") not in (mine, "\0" * len(mine)):
            print("GOT THROUGH: found shared memory")


look()
kept = leave()
for _ in range(4):
    select.select([], [], [], 0.5)
    look()
try:
    vsock = socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM)
    vsock.settimeout(2)
    vsock.connect((2, 1))
    print("GOT THROUGH: vsock")
except OSError as error:
    say("vsock", error.errno)
print("looked and left")
