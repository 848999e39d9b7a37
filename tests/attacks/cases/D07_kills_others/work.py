"""Kills whatever it may."""
import ctypes
import os
import select

libc = ctypes.CDLL(None, use_errno=True)
for pid in (-1, 1, os.getppid(), 0x7FFFFFF, -1):
    result = libc.kill(pid, 9)
    print("kill", pid, "->", result, os.strerror(ctypes.get_errno()) if result else "")
select.select([], [], [], 0.2)
print("still alive after all")
