"""Every usual way to more rights."""
import ctypes
import errno
import os

libc = ctypes.CDLL(None, use_errno=True)


def called(what, result):
    print(what, "->", errno.errorcode.get(ctypes.get_errno()) if result == -1 else "GOT THROUGH")


for name, flag in (("user", 0x10000000), ("mount", 0x20000), ("pid", 0x20000000), ("net", 0x40000000), ("ipc", 0x8000000),
                   ("uts", 0x4000000), ("cgroup", 0x2000000)):
    called("unshare " + name, libc.unshare(flag))
called("mount", libc.mount(b"none", b"/scratch", b"tmpfs", 0, None))
called("bind", libc.mount(b"/scratch", b"/work/in", None, 4096, None))
called("remount", libc.mount(None, b"/", None, 32 | 4096, None))
called("umount", libc.umount2(b"/work/in", 2))
called("pivot_root", libc.syscall({"x86_64": 155, "aarch64": 41}[os.uname().machine], b".", b"."))
called("chroot", libc.chroot(b"/scratch"))
called("mknod", libc.mknod(b"/scratch/disk", 0o60666, os.makedev(8, 0)))
called("setuid", libc.setuid(0))
called("setresuid", libc.setresuid(0, 0, 0))
called("setgid", libc.setgid(0))
called("setns", libc.setns(os.open("/proc/1/ns/mnt", os.O_RDONLY), 0) if os.access("/proc/1/ns/mnt", os.R_OK) else -1)
called("sethostname", libc.sethostname(b"mine", 4))
for program in ("/usr/bin/su", "/usr/bin/sudo", "/usr/bin/newgrp", "/usr/bin/mount", "/usr/bin/pkexec"):
    if os.path.exists(program):
        pid = libc.fork()
        if pid == 0:
            os.dup2(os.open("/dev/null", os.O_RDWR), 0)
            os.execv(program, [program, "-c", "id -u"] if "mount" not in program else [program, "-t", "tmpfs", "none", "/scratch"])
        status = ctypes.c_int()
        libc.waitpid(pid, ctypes.byref(status), 0)
        print(program, "->", "GOT THROUGH" if status.value == 0 else "refused")
print("still user", "another" if os.getuid() else "GOT THROUGH: root")
