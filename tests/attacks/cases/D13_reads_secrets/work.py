"""Reads what only root, or only the harness's user, may."""
import errno
import os

for path in ("/etc/shadow", "/etc/passwd", "/etc/gshadow", "/root/.ssh/id_rsa", os.path.expanduser("~/.ssh/id_rsa"), "/root/.bash_history",
             "/home", "/var/log/syslog", "/proc/kcore", "/dev/mem", "/dev/sda", "/run/secrets", "/etc/kubernetes", "/var/run/docker.sock",
             "/proc/1/root/etc/shadow", "/proc/self/root/etc/shadow", "/work/in/../../etc/shadow"):
    try:
        if os.path.isdir(path):
            listed = [name for name in os.listdir(path)]
            print(path, "->", "GOT THROUGH" if any(os.path.isfile(os.path.join(path, name)) for name in listed) else "an empty folder")
        else:
            with open(path, "rb") as file:
                print(path, "-> GOT THROUGH", file.read(20))
    except OSError as error:
        print(path, "->", errno.errorcode.get(error.errno))
