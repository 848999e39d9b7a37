"""Looks for files with labels, by name and by content, wherever it can read."""
import glob
import os
import stat

NAMES = ("label", "canary", "y_test", "answers", "solution", "calibration", "reference", "check_mlp", "expected.toml")
ALLOWED = ("/work/in", "/work/data.npz", "/work/worker", "/scratch", "/usr", "/lib", "/proc/sys", "/sys", os.path.realpath("/scratch"))
seen = found = 0
packages = tuple({os.path.realpath(os.path.dirname(os.path.dirname(os.__file__))), os.path.realpath(os.sys.prefix), os.sys.prefix, os.sys.base_prefix})
for start in ("/", os.path.expanduser("~"), "/tmp", "/home", "/root", "/var", "/mnt", "/media", "/srv", "/opt", "/dev/shm"):
    for folder, folders, files in os.walk(start):
        if folder.startswith(("/proc", "/usr", "/lib", *packages)):
            folders[:] = []
            continue
        for name in files:
            path = os.path.join(folder, name)
            seen += 1
            if not path.startswith(ALLOWED) and not os.path.realpath(path).startswith(ALLOWED):
                if any(word in name.lower() for word in NAMES) or name.endswith((".npz", ".toml", ".db", ".json")):
                    found += 1
                    print("GOT THROUGH: sees", path)
for root in ["/proc/%s/%s" % (pid, way) for pid in ("1", "self", str(os.getppid())) for way in ("root", "cwd")]:
    for pattern in ("/work/main/*", "/home/*/*", "/root/*", "/tmp/harness-*", "/**/canary.txt"):
        for path in glob.glob(root + pattern):
            if "/work/in" not in path and not os.path.realpath(path).startswith(("/scratch", *packages)):
                print("GOT THROUGH: sees", path)
for mode in (0o600, 0o644):
    for path in ("labels.npz", "../labels.npz", "/work/labels.npz", "/work/canary.txt", "/work/in/../canary.txt"):
        try:
            print("GOT THROUGH: read", open(path, "rb").read(40))
        except OSError as error:
            print("open", path, "->", type(error).__name__)
print("looked at", "many" if seen > 3 else seen, "files")
