"""`grades.csv` with a line a student: what a group earned stands with each of its members."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from harness.exports.table import grades_csv
from harness.results import Result
from harness.roster import Assigned, Person, Roster
from harness.text import for_csv

HEADS = ("student", "id", "sis_user_id", "login", "email")
NOTHING = "nothing was handed in"


def members_csv(results: Sequence[Result], assigned: Assigned, roster: Roster | None = None) -> str:
    """The results as CSV text with a header, to be written as UTF-8: the columns of `grades_csv`, behind those of
    the student.

    Hand-ins that belong to nobody have a line without a student; students of a group without a hand-in have one
    that says so, without points.
    """
    heads, *rows = csv.reader(io.StringIO(grades_csv(results)))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*HEADS, *heads])
    for result, row in zip(results, rows, strict=True):
        for person in assigned.members.get(result.submission.name, ()) or (Person(),):
            writer.writerow([*_cells(person), *row])
    for group in assigned.missing:
        for person in roster.groups[group] if roster else ():
            blank = {"name": for_csv(group), "complete": "no", "problem": NOTHING}
            writer.writerow([*_cells(person), *(blank.get(head, "") for head in heads)])
    return text.getvalue()


def _cells(person: Person) -> list[str]:
    return [for_csv(each) for each in (person.name, person.id, person.sis, person.login, person.email)]
