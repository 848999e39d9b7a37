"""How long a decision takes to reach the files, in a class of 120 copies of one graded hand-in.

python docs/marking_speed.py DIR [COUNT]: DIR is a hand-in's folder that `harness grade` wrote. Prints seconds by
the clock and of the processor, medians of five decisions, each about another hand-in; figures of pages are kept, as
they are from the second time on.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

from harness.graded import results
from harness.kept_figures import KeptFigures
from harness.marking import deciding, writing
from harness.marking.store import MarkStore
from harness.store import Store

TURNS = 5


def a_class(graded: Path, out: Path, count: int) -> None:
    """Copies of a hand-in's result and evidence under names of their own."""
    for number in range(count):
        folder = out / f"group-{number:03}"
        folder.mkdir()
        for file in ("result.json", "evidence.json"):
            plain = json.loads((graded / file).read_text(encoding="utf-8"))
            plain["submission"]["name"] = folder.name
            (folder / file).write_text(json.dumps(plain), encoding="utf-8")


def now() -> tuple[float, float]:
    """The clock's and the processor's seconds."""
    return time.perf_counter(), time.process_time()


def main(graded: Path, count: int) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch, "out")
        out.mkdir()
        a_class(graded, out, count)
        figures = KeptFigures(Store(Path(scratch, "cache")))
        writing.write_all(out, figures)
        names = ("kept", "one hand-in's files", "those of the class")
        taken: dict[str, list[tuple[float, float]]] = {name: [] for name in names}
        for turn in range(TURNS + 1):
            (result,) = results(out, [f"group-{turn:03}"])
            task = next(task.id for task in result.tasks if task.manual)
            moments = [now()]
            MarkStore.of(out).add(deciding.mark(result, task, 0, "Measured.", "nobody"), after=None)
            moments.append(now())
            writing.write(out, result.submission.name, figures)
            moments.append(now())
            writing.write_all(out, figures)
            moments.append(now())
            for name, start, end in zip(taken, moments[:-1], moments[1:], strict=True):
                taken[name].append((end[0] - start[0], end[1] - start[1]))
        for name, seconds in taken.items():
            clock, processor = map(statistics.median, zip(*seconds[1:], strict=True))  # the first one draws figures
            print(f"{name}: {clock:.2f} s by the clock, {processor:.2f} s of the processor")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if sys.argv[2:] else 120)
