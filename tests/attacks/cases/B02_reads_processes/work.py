"""Reads what /proc tells of every process that it can see."""
import os

WANTED = (b"HARNESS_ATTACK_CANARY", b"HARNESS_DATA", b"HARNESS_CACHE", b"graded", b"--out")
pids = sorted(int(name) for name in os.listdir("/proc") if name.isdigit())
print("sees", "few" if len(pids) <= 3 else len(pids), "processes")
for pid in pids:
    for name in ("environ", "cmdline", "maps", "mountinfo", "stat", "status", "limits"):
        try:
            with open("/proc/%d/%s" % (pid, name), "rb") as file:
                data = file.read()
        except OSError as error:
            print(pid, name, "->", type(error).__name__)
            continue
        for word in WANTED:
            if word in data and (pid != os.getpid() or name == "environ"):
                print("GOT THROUGH:", pid, name, word)
    try:
        for number in os.listdir("/proc/%d/fd" % pid):
            leads = os.readlink("/proc/%d/fd/%s" % (pid, number))
            if pid != os.getpid() and leads.startswith("/") and not leads.startswith("/dev/null"):
                print("GOT THROUGH: open file", leads)
    except OSError as error:
        print(pid, "fd ->", type(error).__name__)
