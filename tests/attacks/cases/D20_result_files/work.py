"""In place of results: links, a pipe that never ends, a folder, a socket, a second name of the data."""
import os
import socket

NAMES = ("result.json", "recording.json", "evidence.json", "predictions.npy", "scorecard.html")
for place in (".", "/scratch", "/dev/shm"):
    for name in NAMES:
        path = os.path.join(place, name)
        for kind, make in (
            ("symlink", lambda: os.symlink("/etc/shadow", path)),
            ("fifo", lambda: os.mkfifo(path)),
            ("folder", lambda: os.mkdir(path)),
            ("socket", lambda: socket.socket(socket.AF_UNIX).bind(path)),
            ("hard link", lambda: os.link("/work/data.npz", path)),
            ("device", lambda: os.mknod(path, 0o20666, os.makedev(1, 5))),
        ):
            try:
                make()
                print(kind, "in", place, "-> made" if kind != "device" else "-> GOT THROUGH")
                if kind in ("symlink", "fifo", "socket", "hard link"):
                    os.remove(path)
                else:
                    os.rmdir(path)
            except OSError as error:
                print(kind, "in", place, "->", type(error).__name__)
        os.symlink("/etc/shadow", path)
print("all made")
