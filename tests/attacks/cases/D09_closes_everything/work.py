"""Closes every descriptor, which looks like its end, and stays."""
import ctypes
import os
import select

ctypes.CDLL(None).pthread_sigmask(2, (ctypes.c_ulong * 16)(*[2**64 - 1] * 16), None)
os.closerange(0, 1024)
select.select([], [], [], 10**6)
