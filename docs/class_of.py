"""What grading a class costs, measured: a made-up class at several sizes, each from an empty cache.

    python docs/class_of.py --hand-ins 25 50 100 200
    python docs/cluster.py

The first command grades the class of `tests/generated_class.py` on digits, profile quick, and writes what it took
into `docs/measured/class-digits.json`, after each size; sizes that are not asked for stay as they were. The second
writes the tables of `docs/cluster.md`. Processor time is that of everything that ran on this machine at ordinary
priority, so that sandboxes and trainers are in it: what else has to run meanwhile is started with `nice`, which
Linux counts apart. Wall time is right where nothing else runs.
"""

from __future__ import annotations

import argparse
import csv
import datetime
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import psutil

from harness.evidence import Evidence
from harness.journal import JOURNAL
from harness.outputs import EVIDENCE, RESULT
from harness.provenance import commit
from harness.results import Cause, Result, load
from harness.store import Store
from harness.training import device

ROOT = Path(__file__).parent.parent
MEASURED = Path(__file__).parent / "measured" / "class-digits.json"


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure what grading a made-up class costs.")
    parser.add_argument("--hand-ins", type=int, nargs="+", default=[25, 50, 100, 200], metavar="N")
    parser.add_argument("--again", type=int, nargs="*", metavar="N", help="Sizes graded twice (default: all).")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=psutil.cpu_count())
    parser.add_argument("--to", type=Path, default=MEASURED)
    asked = parser.parse_args()
    found = json.loads(asked.to.read_text(encoding="utf-8")) if asked.to.exists() else {"sizes": {}}
    for count in asked.hand_ins:
        with tempfile.TemporaryDirectory(prefix="class-") as name:
            again = asked.again is None or count in asked.again
            found["sizes"][str(count)] = one = measured(Path(name), count, asked.seed, asked.jobs, again=again)
        asked.to.parent.mkdir(exist_ok=True)
        asked.to.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        print(f"{count} hand-ins: {one['wall']:,.0f} s; {one['trained']} of {one['asked']} trainings", flush=True)


def measured(folder: Path, count: int, seed: int, jobs: int, *, again: bool) -> dict[str, Any]:
    """What one class took, in seconds and bytes. Raises RuntimeError where a hand-in has no result."""
    script = ROOT / "tests" / "generated_class.py"
    made = [sys.executable, script, "--hand-ins", str(count), "--seed", str(seed), "--out", folder / "class"]
    subprocess.run(list(map(str, made)), check=True, stdout=subprocess.DEVNULL)
    load_before = os.getloadavg()[0]
    out, cache = folder / "graded", folder / "cache"
    first = graded(folder / "class" / "submissions.zip", out, cache, jobs)
    second = graded(folder / "class" / "submissions.zip", folder / "again", cache, jobs) if again else None
    results = [load(path) for path in sorted(out.glob(f"*/{RESULT}"))]
    with (out / "grades.csv").open(encoding="utf-8", newline="") as table:
        rows = sum(1 for _ in csv.DictReader(table))
    if not len(results) == rows == count:
        raise RuntimeError(f"{count} hand-ins, {len(results)} results and {rows} rows in {out}")
    store = Store(cache / "runs").facts()
    asked, seconds = trainings(out)
    return {
        "seed": seed,
        "jobs": jobs,
        **first,
        "again": second,
        "asked": asked,
        "trained": len(seconds),
        "training": round(sum(seconds.values()), 1),
        "stages": stages(results),
        "class_page": class_page(out),
        "faults": sum(any(check.cause is Cause.HARNESS_FAULT for check in one.checks) for one in results),
        "refused": sum(any(check.cause is Cause.REFUSED for check in one.checks) for one in results),
        "store": {"hits": store.hits, "misses": store.misses, "bytes": store.size, "kept": dict(store.kept)},
        "bytes": {
            "handed_in": (folder / "class" / "submissions.zip").stat().st_size,
            "results": sum(path.stat().st_size for path in out.rglob("*") if path.is_file()),
            "index": (out / "index.html").stat().st_size,
            "journal": (out / JOURNAL).stat().st_size,
        },
        "machine": {
            "processor": device.processor(),
            "cores": psutil.cpu_count(),
            "memory": psutil.virtual_memory().total,
            "load_before": round(load_before, 2),
        },
        "commit": commit(),
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
    }


def graded(class_: Path, out: Path, cache: Path, jobs: int) -> dict[str, float]:
    """Grade a class: wall seconds, and processor seconds of the machine."""
    command = [
        sys.executable, "-m", "harness", "grade", str(class_), "--data", "digits", "--profile", "quick",
        "--device", "cpu", "--jobs", str(jobs), "--out", str(out),
    ]  # fmt: skip
    environment = {**os.environ, "HARNESS_CACHE": str(cache)}
    busy, started = busy_seconds(), time.perf_counter()
    run = subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=False)
    if run.returncode not in (0, 1):
        raise RuntimeError(f"grading ended with exit code {run.returncode}")
    return {"wall": round(time.perf_counter() - started, 1), "processor": round(busy_seconds() - busy, 1)}


def busy_seconds() -> float:
    """Processor seconds of all that ran on this machine at ordinary priority since it started.

    Not the time of this process's children, which holds a third of it: who ends with a killed parent is not waited
    for.
    """
    times = psutil.cpu_times()
    return float(times.user + times.system)


def trainings(out: Path) -> tuple[int, dict[str, float]]:
    """How many trainings the hand-ins needed, each its own; and the seconds of each different one."""
    asked = 0
    seconds: dict[str, float] = {}
    for path in out.glob(f"*/{EVIDENCE}"):
        evidence = Evidence.model_validate_json(path.read_bytes())
        mine = {run.recipe: run.seconds for fit in evidence.fits.values() for run in fit.runs}
        asked += len(mine)
        seconds |= mine
    return asked, seconds


def stages(results: Iterable[Result]) -> dict[str, float]:
    """Seconds by stage, of all hand-ins together; those of `train` hold what is measured on trained networks."""
    totals: dict[str, float] = {}
    for result in results:
        for stage, seconds in result.timing.items():
            totals[stage] = round(totals.get(stage, 0.0) + seconds, 3)
    return totals


def class_page(out: Path) -> float:
    """Seconds from the last hand-in's result to the class page, in which hand-ins are compared and it is drawn."""
    last = max(path.stat().st_mtime for path in out.glob(f"*/{RESULT}"))
    return round((out / "index.html").stat().st_mtime - last, 2)


if __name__ == "__main__":
    main()
