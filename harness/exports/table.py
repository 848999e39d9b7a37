"""`grades.csv`: one line a submission."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from harness.marking.applied import to_confirm
from harness.results import Result
from harness.text import NO_VALUE, for_csv, points

_BEFORE = ("name", "points", "max_points", "machine_points", "machine_max_points")
_AFTER = ("complete", "dataset", "dataset_official", "problem", "to_confirm", "confirmed_by")


def grades_csv(results: Sequence[Result]) -> str:
    """The results as CSV text with a header, to be written as UTF-8.

    Points that have no value yet are empty cells, never zeros. There is one column a task, named by its id
    ("2C"), in the order in which the results first name them. `dataset_official` is false where marks were not
    measured on the assignment's own data. `to_confirm` names tasks and checks of which a person decided something
    that does not count until it is confirmed. `confirmed_by` is who stands for the total as it is.
    """
    tasks = list(dict.fromkeys(task.id for result in results for task in result.tasks))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*_BEFORE, *(for_csv(task) for task in tasks), *_AFTER])
    for result in results:
        by_task = {task.id: task.points_so_far for task in result.tasks}
        writer.writerow(
            [
                for_csv(result.submission.name),
                _cell(result.points),
                _cell(result.max_points),
                _cell(result.machine_points),
                _cell(result.machine_max_points),
                *(_cell(by_task.get(task)) for task in tasks),
                "yes" if result.complete else "no",
                for_csv(result.dataset.name),
                "yes" if result.dataset.official else "no",
                for_csv(result.problem or ""),
                for_csv(", ".join(one.target for one in to_confirm(result))),
                for_csv(result.confirmed.by or "yes" if result.confirmed and result.confirmed.holds else ""),
            ]
        )
    return text.getvalue()


def _cell(value: float | None) -> str:
    shown = points(value)
    return "" if shown == NO_VALUE else shown
