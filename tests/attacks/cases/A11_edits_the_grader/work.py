"""Changes files for the next student: the harness, the packages, Python, compiled files, the hand-in as received."""
import glob
import os
import sys

import harness.recording
import harness.worker.main
import keras
import numpy as np

TARGETS = [harness.recording.__file__, harness.worker.main.__file__, np.__file__, keras.__file__, os.__file__]
TARGETS += [sys.executable, "/work/in/work.py", "/work/data.npz", "/etc/ld.so.cache", "/usr/bin/env"]
TARGETS += glob.glob(os.path.dirname(np.__file__) + "/__pycache__/__init__*.pyc")[:1]


def tried(what, call):
    try:
        call()
    except OSError as error:
        print(what, "->", type(error).__name__, error.errno)
    else:
        print(what, "-> GOT THROUGH")


for path in TARGETS:
    folder = os.path.dirname(path)
    tried("append to " + path, lambda: open(path, "ab").close())
    tried("remove " + path, lambda: os.remove(path))
    tried("rename " + path, lambda: os.rename(path, path + ".harness-attack-mark"))
    tried("touch " + path, lambda: os.utime(path))
    tried("mode of " + path, lambda: os.chmod(path, 0o777))
    tried("new in " + folder, lambda: open(folder + "/harness-attack-mark.py", "w").close())
    tried("folder in " + folder, lambda: os.mkdir(folder + "/harness-attack-mark"))
print("all tried")
