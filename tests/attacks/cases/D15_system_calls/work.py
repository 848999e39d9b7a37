"""System calls that no network needs, and that the kernel has had bugs in."""
import ctypes
import errno
import os

libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
CALLS = {  # name: number on x86_64, on aarch64, arguments
    "bpf": (321, 280, (0, 0, 0)), "perf_event_open": (298, 241, (0, 0, -1, -1, 0)), "userfaultfd": (323, 282, (0,)),
    "keyctl": (250, 219, (0, -3, 1)), "add_key": (248, 217, (b"user", b"harness-attack-mark", b"x", 1, -3)),
    "request_key": (249, 218, (b"user", b"harness-attack-mark", 0, -3)), "io_uring_setup": (425, 425, (1, 0)),
    "kexec_load": (246, 104, (0, 0, 0, 0)), "init_module": (175, 105, (0, 0, b"")), "delete_module": (176, 106, (b"x", 0)),
    "personality": (135, 92, (0x0040000,)), "open_by_handle_at": (304, 265, (-100, 0, 0)), "ptrace": (101, 117, (0, 0, 0, 0)),
    "quotactl": (179, 60, (0, b"/", 0, 0)), "swapon": (167, 224, (b"/scratch/x", 0)), "reboot": (169, 142, (0, 0, 0, 0)),
    "acct": (163, 89, (b"/scratch/x",)), "syslog": (103, 116, (3, 0, 0)), "pidfd_getfd": (438, 438, (-1, 0, 0)),
    "process_vm_readv": (310, 270, (1, 0, 0, 0, 0, 0)), "mount_setattr": (442, 442, (-1, b"", 0, 0, 0)), "fsopen": (430, 430, (b"tmpfs", 0)),
    "settimeofday": (164, 170, (0, 0)), "iopl": (172, None, (3,)), "lookup_dcookie": (212, 18, (0, 0, 0)),
}
WITHOUT_EFFECT = {"settimeofday", "process_vm_readv"}  # with these arguments the kernel has nothing to do or says so itself
at = {"x86_64": 0, "aarch64": 1}[os.uname().machine]
for name, (*numbers, arguments) in CALLS.items():
    if numbers[at] is not None:
        ctypes.set_errno(0)
        result = libc.syscall(numbers[at], *arguments)
        print(name, "->", errno.errorcode.get(ctypes.get_errno()) if result == -1 else "done" if name in WITHOUT_EFFECT else "GOT THROUGH")
print("all called")
