"""Speaks to the kernel as a program of 32 bits, whose calls have other numbers."""
import ctypes
import mmap
import os

print("about to call")
if os.uname().machine == "x86_64":
    page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    page.write(b"\xb8\x14\x00\x00\x00\xcd\x80\xc3")  # mov eax, 20 (getpid); int 0x80; ret
    answer = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))()
    print("GOT THROUGH: process" if answer == os.getpid() else "refused:", answer)
