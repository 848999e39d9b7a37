"""Marks in a gradebook that Canvas exported: one column changes, every other byte stays.

The form is that of instructure/canvas-lms, lib/gradebook_exporter.rb, and what is accepted back that of
lib/gradebook_importer.rb, read in November 2026: a row of heads (Student or LastName and FirstName, ID, SIS User
ID, SIS Login ID, Integration ID, Root Account, Section), where there is one a row with "Manual Posting", then
"Points Possible", where "(read only)" marks what cannot be imported, then a row a student, the test student last.
An assignment's head is its title with its id in brackets. Commas or semicolons.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.csv_cells import Cell, Line, TableError, changed, lines, text_of
from harness.marking.applied import to_confirm
from harness.results import Result
from harness.roster import POINTS_POSSIBLE, TEST_STUDENT, Assigned, Person, is_no_student, key, logins, names
from harness.text import points, quantity

READ_ONLY = "(read only)"
EXCUSED = "EX"
NOT_ASSIGNED = "N/A"
MAX_SHOWN = 8
_TOTALS = re.compile("(Current|Final) (Score|Points|Grade)|Override (Score|Grade|Status)")
_WITH_ID = re.compile(r"(?P<title>.*) \((?P<id>\d+)\)", re.DOTALL)
_NUMBER = re.compile(r"-?\d+(?:[.,]\d+)?")


class CanvasError(ValueError):
    """A gradebook that cannot be filled, or marks that are not to be: the fault of whoever asked."""


@dataclass(frozen=True)
class Gradebook:
    """An exported gradebook. `columns` are places by head, `students` the rows of students in order."""

    path: Path
    text: str
    columns: Mapping[str, int]
    possible: Line | None
    students: tuple[Line, ...]

    def cell(self, line: Line, column: str) -> str:
        """What a student's cell says; empty where there is no such column."""
        return line.values[self.columns[column]] if column in self.columns else ""

    def name(self, line: Line) -> str:
        """A student's name, last name first."""
        if "Student" in self.columns:
            return self.cell(line, "Student")
        return ", ".join(part for part in (self.cell(line, "LastName"), self.cell(line, "FirstName")) if part)


@dataclass(frozen=True)
class Change:
    """A cell that says something else: whose, from which hand-in, and what it said before and says now."""

    student: str
    submission: str
    before: str
    after: str


@dataclass(frozen=True)
class Filled:
    """The gradebook with its marks. `kept`: students whose cell was left as it was, and why, a sentence each."""

    text: str
    column: str
    changes: tuple[Change, ...]
    kept: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    """Students of the gradebook for whom there is no mark."""
    lost: tuple[str, ...] = ()
    """Marks that stand nowhere, as nobody in the gradebook is who they are for, a sentence each."""


def read(path: Path) -> Gradebook:
    """An exported gradebook. Raises CanvasError, with the line."""
    try:
        text = text_of(path)
        table = [line for line in lines(text, str(path)) if not line.blank]
    except TableError as error:
        raise CanvasError(str(error)) from None
    heads = table[0].values if table else ()
    columns: dict[str, int] = {}
    for place, head in enumerate(heads):
        columns.setdefault(head, place)
    named = "Student" in columns or {"LastName", "FirstName"} <= set(columns)
    if not named or "ID" not in columns:
        raise CanvasError(
            f"{path}, line 1: no column Student or ID; give the file that Canvas saves (Grades, Export, Export "
            "Entire Gradebook)"
        )
    for line in table[1:]:
        if len(line.cells) != len(heads):
            raise CanvasError(
                f"{path}, line {line.number}: there are {len(line.cells)} cells, and {len(heads)} in the first line"
            )
    possible = [line for line in table[1:] if line.values[0].casefold() == POINTS_POSSIBLE]
    students = [line for line in table[1:] if line.values[0].casefold() == TEST_STUDENT or not is_no_student(line)]
    return Gradebook(path, text, columns, possible[0] if possible else None, tuple(students))


def column_of(book: Gradebook, wanted: str | None) -> str:
    """The head of the assignment's column: the one of this id, head or title; by default the only one there is.

    Raises CanvasError where there is none, or more than one, or Canvas would not take it.
    """
    place = {head: _WITH_ID.fullmatch(head) for head in book.columns if not _TOTALS.search(head)}
    known = {head: found for head, found in place.items() if found and not _read_only(book, head)}
    listed = "; ".join(list(known)[:MAX_SHOWN]) or "none"
    if wanted is None:
        if len(known) == 1:
            return next(iter(known))
        raise CanvasError(
            f"{book.path} has {quantity(len(known), 'assignment')}: say which with --column ({listed})"
        )
    fitting = [head for head in known if wanted == head] or [
        head for head, found in known.items() if wanted.strip() in (found["id"], found["title"].strip())
    ]
    if len(fitting) == 1:
        return fitting[0]
    if wanted in book.columns and _read_only(book, wanted):
        raise CanvasError(f"{book.path}: Canvas takes no marks for {wanted!r}; it is read only there")
    many = "more than one assignment" if fitting else "no assignment"
    raise CanvasError(f"{book.path} has {many} {wanted!r}; there are {listed}")


def unfinished(results: Iterable[Result]) -> dict[str, str]:
    """By name, why a result's total is not a mark yet, in words; those whose total is one are not in it."""
    why: dict[str, str] = {}
    for result in results:
        reasons = []
        tasks = [task.id for task in result.tasks if task.points is None]
        if tasks:
            reasons.append(f"no value yet for {', '.join(tasks)}")
        elif not result.tasks:
            reasons.append("there is no task")
        if waiting := [one.target for one in to_confirm(result)]:
            reasons.append(f"a person's decision about {', '.join(waiting)} is not confirmed")
        if result.confirmed and not result.confirmed.holds:
            reasons.append(f"{result.confirmed.by or 'a person'} confirmed another total")
        if result.profile != "full":
            reasons.append(f"graded with --profile {result.profile}")
        if not result.dataset.official:
            reasons.append(f"measured on {result.dataset.name}, not on the assignment's own data")
        if reasons:
            why[result.submission.name] = "; ".join(reasons)
    return why


def fill(
    book: Gradebook,
    results: Sequence[Result],
    assigned: Assigned,
    column: str | None = None,
    incomplete: bool = False,
) -> Filled:
    """The gradebook with each result's points in the rows of those whom it belongs to.

    A student is found by Canvas's id, else by login, SIS id or e-mail, else by name. Excused students, and those
    whom the assignment was not given, keep their cell. Raises CanvasError for totals that are not marks yet, unless
    `incomplete` says that the points so far are wanted; for a column with other points than the results can have;
    and where a person fits two rows, or a row is given two marks.
    """
    head = column_of(book, column)
    wanting = unfinished(results)
    if wanting and not incomplete:
        shown = "; ".join(f"{name} ({why})" for name, why in list(wanting.items())[:MAX_SHOWN])
        more = f" and {len(wanting) - MAX_SHOWN} more" if len(wanting) > MAX_SHOWN else ""
        raise CanvasError(
            f"{quantity(len(wanting), 'total is', 'totals are')} not complete: {shown}{more}. Nothing was written; "
            "say --incomplete to hand out the points so far"
        )
    _same_points(book, head, results)
    rows, lost = _rows(book, assigned)
    given: dict[int, tuple[Result, Person]] = {}
    for result in results:
        for person in assigned.members.get(result.submission.name, ()):
            number = rows.get(person)
            if number is None:
                continue
            if number in given:
                both = f"{given[number][0].submission.name} and {result.submission.name}"
                raise CanvasError(f"{book.path}, line {book.students[number].number}: two marks, of {both}")
            given[number] = (result, person)
    return _filled(book, head, given, lost)


# --- details


def _read_only(book: Gradebook, head: str) -> bool:
    return book.possible is not None and book.cell(book.possible, head) == READ_ONLY


def _same_points(book: Gradebook, head: str, results: Sequence[Result]) -> None:
    """Raises CanvasError where the column can have other points than the results."""
    said = book.cell(book.possible, head) if book.possible else ""
    if not _NUMBER.fullmatch(said):
        return
    possible = float(said.replace(",", "."))
    others = [result for result in results if abs(result.max_points - possible) > 0.005]
    if possible and others:
        raise CanvasError(
            f"{head} has {points(possible)} points in Canvas, and {others[0].submission.name} could have "
            f"{points(others[0].max_points)}; set the points of one of them to those of the other"
        )


def _rows(book: Gradebook, assigned: Assigned) -> tuple[dict[Person, int], tuple[str, ...]]:
    """The row of each person, as its place among the students, and who has none, a sentence each.

    Raises CanvasError for all who have two.
    """
    rules: tuple[Callable[[Person, Line], bool], ...] = (
        lambda person, line: bool(person.id) and person.id == book.cell(line, "ID"),
        lambda person, line: bool(_logins(person) & _logins_of(book, line)),
        lambda person, line: bool(names(person) & names(Person(name=book.name(line)))),
    )
    rows: dict[Person, int] = {}
    twice = []
    lost = [f"{name} belongs to nobody in the roster" for name in assigned.unknown]
    for submission, members in assigned.members.items():
        for person in members:
            fitting: list[int] = []
            for rule in rules:
                fitting = [number for number, line in enumerate(book.students) if rule(person, line)]
                if fitting:
                    break
            if len(fitting) == 1:
                rows[person] = fitting[0]
            elif fitting:
                twice.append(
                    f"{person} fits {' and '.join(f'line {book.students[one].number}' for one in fitting[:3])}"
                )
            else:
                whose = "" if str(person) == submission else f" of {submission}"
                lost.append(f"{person}{whose} is not in the gradebook")
    if twice:
        more = f" and {len(twice) - MAX_SHOWN} more" if len(twice) > MAX_SHOWN else ""
        raise CanvasError(
            f"{book.path}: {'; '.join(twice[:MAX_SHOWN])}{more}. Nothing was written; say in a roster (--roster) "
            "who belongs to a hand-in, by this gradebook's column ID"
        )
    return rows, tuple(lost)


def _logins(person: Person) -> set[str]:
    return {each for each in (key(person.login), key(person.email), key(person.sis)) if each}


def _logins_of(book: Gradebook, line: Line) -> set[str]:
    written = (book.cell(line, "SIS Login ID"), book.cell(line, "SIS User ID"), book.cell(line, "Integration ID"))
    return {each for each in map(key, written) if each} | logins(Person(login=written[0]))


def _filled(
    book: Gradebook, head: str, given: Mapping[int, tuple[Result, Person]], lost: tuple[str, ...]
) -> Filled:
    cells: list[tuple[Cell, str]] = []
    changes, kept, without = [], [], []
    for number, line in enumerate(book.students):
        student, before = book.name(line), book.cell(line, head)
        if number not in given:
            if student.casefold() != TEST_STUDENT:
                without.append(student)
            continue
        result = given[number][0]
        if before.upper() in (EXCUSED, NOT_ASSIGNED):
            reason = "is excused" if before.upper() == EXCUSED else "was not given the assignment"
            kept.append(f"{student} {reason} in Canvas")
        elif result.points is None:
            kept.append(f"{student}: {result.submission.name} has no points yet")
        else:
            after = points(result.points)
            cells.append((line.cells[book.columns[head]], after))
            changes.append(Change(student, result.submission.name, before, after))
    return Filled(changed(book.text, cells), head, tuple(changes), tuple(kept), tuple(without), lost)
