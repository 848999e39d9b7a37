"""Results and pages with the decisions of persons in them: written anew, without judging or comparing."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from harness import graded
from harness.class_again import of_class
from harness.journal import LOCK
from harness.kept_figures import KeptFigures
from harness.marking.applied import with_marks
from harness.marking.store import MarkStore
from harness.outputs import class_facts, write_class, write_marked, write_pages
from harness.results import Result

WAIT = 5.0  # seconds for somebody else who marks; a run of the harness has the folder for longer


def write(out: Path, name: str, figures: KeptFigures | None = None) -> Result:
    """Write one hand-in's result and views with what was decided about it, where that is not in them yet.

    Raises GradedError where there is no such hand-in, and MarksError.
    """
    result = graded.results(out, [name])[0]
    return write_marked(result, out / name, MarkStore.of(out).present(name), figures)


def write_all(out: Path, figures: KeptFigures | None = None) -> list[Result]:
    """Write what is decided into every hand-in that lacks it, and the class page and `grades.csv` anew; the results
    in the order of the page.

    Raises GradedError where the folder holds no hand-in or a damaged one, and MarksError.
    """
    facts = class_facts(out)
    present = MarkStore.of(out).present()
    results = {result.submission.name: result for result in graded.results(out)}
    order = [name for name in facts.hand_ins if name in results] if facts else []
    order += [name for name in results if name not in order]
    marked = [write_marked(results[name], out / name, present, figures) for name in order]
    if facts is None or not set(facts.hand_ins) <= set(results):
        # A version graded it that did not write them; or they tell of hand-ins that count no more.
        matches, traces = of_class(out, marked)
        write_class(marked, matches, out, traces, figures)
    else:
        write_pages(marked, facts, out, figures)
    return marked


def caught_up(out: Path) -> None:
    """See to it that results and pages hold what was decided. They may be behind where a process was killed, or a
    run of the harness had the folder.

    Raises MarksError, and GradedError where such a run still has it or the folder holds no or a damaged hand-in.
    """
    store = MarkStore.of(out)
    if not store.path.exists():  # nothing to bring in; and results that were moved here keep what they say
        return
    present = store.present().values()
    if all(with_marks(result, present) == result for result in graded.results(out)):
        return
    with alone(out) as free:
        if not free:
            raise graded.GradedError(
                f"{out}: a run of the harness writes to this folder, and its pages lack what was decided since; "
                "wait for it"
            )
        write_all(out)


@contextlib.contextmanager
def alone(out: Path) -> Iterator[bool]:
    """The folder to itself until the end of the block; False where a run of the harness has it for longer than a
    moment. That run takes in what was decided when it comes to its end."""
    lock = FileLock(out / LOCK, timeout=WAIT)
    try:
        lock.acquire()
    except Timeout:
        yield False
        return
    try:
        yield True
    finally:
        lock.release()
