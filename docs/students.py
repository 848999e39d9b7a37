"""Tables of docs/students.md: what an installation takes, and how long a check.

    python docs/students.py sizes                  # fetches every package into a folder, and installs from there
    python docs/students.py times NOTEBOOK DATA…   # harness.check() on it, with this Python, on these data sets
    python docs/students.py trained NOTEBOOK DATA… # the same, and then with training

Each table stands between a pair of comments, and is replaced. A first check finds an empty cache, a second one what
the first left. Processor seconds are those of all processes together; wall time depends on what else the machine
does, so its load is told with it.
"""

from __future__ import annotations

import contextlib
import os
import platform
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from tables import put

ROOT = Path(__file__).resolve().parent.parent
PAGE = Path(__file__).with_name("students.md")
CHECK = (
    "import harness, sys; path, data, train = sys.argv[1:]; "
    "sys.exit(harness.check(path=path, data=data, train=train == 'train').problem or 0)"
)


def main() -> None:
    what = sys.argv[1]
    table = sizes() if what == "sizes" else times(Path(sys.argv[2]), sys.argv[3:], what == "trained")
    page = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(put(page, "sizes" if what == "sizes" else "times", table), encoding="utf-8")


def sizes() -> list[str]:
    """What is downloaded, what lies on the disk afterwards, and which packages are most of it."""
    with tempfile.TemporaryDirectory() as name:
        wheels, home = Path(name) / "wheels", Path(name) / "venv"
        pip = [sys.executable, "-m", "pip"]
        run([*pip, "wheel", "-q", "-c", str(ROOT / "lock" / "ci.txt"), "-w", str(wheels), str(ROOT)])
        run([sys.executable, "-m", "venv", str(home)])
        python = home / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
        offline = ["install", "-q", "--no-index", "--find-links", str(wheels), "nn-grading-harness"]
        run([str(python), "-m", "pip", *offline])
        files = sorted(wheels.iterdir(), key=lambda file: -file.stat().st_size)
        largest = ", ".join(f"{file.name.partition('-')[0]} {size(file.stat().st_size)}" for file in files[:4])
        return [
            "| system | packages | downloaded | on the disk | the largest downloads |",
            "|---|---|---|---|---|",
            f"| {system()} | {len(files)} | {size(total(wheels))} | {size(total(home))} | {largest} |",
        ]


def times(notebook: Path, sets: list[str], trained: bool) -> list[str]:
    """Of each data set: structure, the same again, and with training where that is wanted."""
    works = ["structure", "structure again", *(["with training"] if trained else [])]
    rows = [
        f"Machine: {system()}, {os.cpu_count()} cores; load while this was measured: {os.getloadavg()[0]:.0f}.",
        "",
        "| data | what | wall s | processor s |",
        "|---|---|---|---|",
    ]
    for data in sets:
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / notebook.name
            copy.write_bytes(notebook.read_bytes())
            environment = {**os.environ, "HARNESS_CACHE": f"{folder}/cache"}
            for what in works:
                began = time.monotonic()
                train = "train" if "training" in what else "no"
                used = processor([sys.executable, "-c", CHECK, str(copy), data, train], environment)
                rows.append(f"| {data} | {what} | {time.monotonic() - began:.0f} | {used:.0f} |")
    return rows


def processor(command: list[str], environment: dict[str, str]) -> float:
    """Run a command; the processor seconds of its process and all that come of it, as they were last seen."""
    import psutil

    seen: dict[tuple[int, float], float] = {}
    ended = threading.Event()

    def look() -> None:
        whole = psutil.Process()
        while not ended.wait(0.1):
            for one in whole.children(recursive=True):
                with contextlib.suppress(psutil.Error):
                    used = one.cpu_times()
                    seen[one.pid, one.create_time()] = used.user + used.system

    looking = threading.Thread(target=look)
    looking.start()
    try:
        run(command, environment)
    finally:
        ended.set()
        looking.join()
    return sum(seen.values())


def run(command: list[str], environment: dict[str, str] | None = None) -> None:
    subprocess.run(command, check=True, env=environment)


def total(folder: Path) -> int:
    """Bytes of all files in a folder."""
    return sum(file.lstat().st_size for file in folder.rglob("*") if file.is_file() and not file.is_symlink())


def size(count: int) -> str:
    return f"{count / 1e9:.2f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"


def system() -> str:
    return f"{platform.system()}, {platform.machine()}, Python {platform.python_version()}"


if __name__ == "__main__":
    main()
