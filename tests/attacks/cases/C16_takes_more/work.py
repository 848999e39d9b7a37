"""Asks for priority, higher limits, core files and to be spared when memory is short."""
import errno
import os
import resource


def tried(what, call):
    try:
        call()
        print(what, "-> GOT THROUGH")
    except OSError as error:
        print(what, "->", errno.errorcode.get(error.errno))
    except ValueError as error:
        print(what, "-> ValueError")


def write(path, text):
    with open(path, "w") as file:
        file.write(text)


tried("nice -20", lambda: os.nice(-20))
tried("priority", lambda: os.setpriority(os.PRIO_PROCESS, 0, -20))
tried("real time", lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(50)))
for name in ("RLIMIT_AS", "RLIMIT_NPROC", "RLIMIT_NOFILE", "RLIMIT_FSIZE", "RLIMIT_CPU", "RLIMIT_CORE"):
    which = getattr(resource, name)
    before = resource.getrlimit(which)[1]
    if before != resource.RLIM_INFINITY:
        tried(name, lambda: resource.setrlimit(which, (before + 1, before + 1)))
    else:
        print(name, "-> has no limit")
tried("oom_score_adj", lambda: write("/proc/self/oom_score_adj", "-1000"))
tried("core_pattern", lambda: write("/proc/sys/kernel/core_pattern", "|/bin/sh"))
most = max(resource.getrlimit(resource.RLIMIT_CORE))  # with 0 the kernel would still start a handler
print("core files of", "a byte at most" if 0 <= most <= 1 else "GOT THROUGH", most)
