"""A TA's evening as docs/ta.md tells it: from Canvas's zip to its gradebook and the students' pages, by the page's
own commands, with the marks of all hand-ins entered in a browser.

The page's rehearsal is done: on digits with the quick profile, which it gives the options for.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

import generated_class
import pytest
from browser.desk import Desk
from browser.evening import Evening
from conftest import missing

from harness.marking.pages import steps
from harness.results import Outcome, Result
from harness.results import load as load_result
from harness.sandbox import probe

pytestmark = [pytest.mark.browser, pytest.mark.nightly]  # a push sees in test_ta_page.py that the commands are read
COLUMN = "Assignment 7 (5007)"
WRONG = "The sizes are not explained."
REASON = "Half of it is the group's own; see its cell 4."
MEASURED = (Outcome.PASSED, Outcome.PARTIAL, Outcome.FAILED)


@dataclass
class Course:
    """What a TA has before the evening: what groups handed in, who is in them, the gradebook. Every third group is
    two students; the last line of the roster handed in nothing."""

    folder: Path
    hand_ins: list[generated_class.Choice]
    members: dict[str, list[str]] = field(default_factory=dict)
    """By the name that a hand-in gets, Canvas's ids of its students."""

    def write(self) -> None:
        """The roster and the gradebook, as Canvas writes it: a byte order mark, carriage returns, other columns."""
        roster = ["group,name,id"]
        book = ["Student,ID,SIS User ID,SIS Login ID,Section,Quiz 1 (5001)," + COLUMN + ",Final Score"]
        book.append("    Points Possible,,,,,4.00,10.00,(read only)")
        for number, choice in enumerate(self.hand_ins):
            ids = [str(4001 + number)] + ([str(6001 + number)] if number % 3 == 0 else [])
            self.members[f"{choice.name.replace('-', '')}_{ids[0]}"] = ids
            for of, student in enumerate(ids):
                roster.append(f"{choice.name},Student {number}{'ab'[of]},{student}")
                book.append(f'"{number}{"ab"[of]}, Student",{student},S-{student},s{student},SEC 1,3.50,,"7,5"')
        roster.append("absent,Student absent,7001")
        book.append('"absent, Student",7001,S-7001,s7001,SEC 1,,EX,')
        (self.folder / "roster.csv").write_text("\n".join(roster) + "\n", encoding="utf-8")
        (self.folder / "grades.csv").write_bytes(("\ufeff" + "\r\n".join(book) + "\r\n").encode())

    def results(self) -> dict[str, Result]:
        """The results as they are now, by name."""
        return {name: load_result(self.folder / "graded" / name / "result.json") for name in self.members}


@pytest.mark.parametrize(("size", "seed"), [(3, 127_320), (40, 1)], ids=["of_3", "of_40"])
def test_a_class_goes_from_the_download_to_the_gradebook_by_the_commands_of_the_page(browser, tmp_path, size, seed):
    problem = probe()
    if problem:
        missing("bubblewrap", problem)
    course = Course(tmp_path, generated_class.write(tmp_path, size, seed))
    course.write()
    evening = Evening(tmp_path, "Ask")

    # --- graded, and nothing of it can be handed out yet
    assert evening.run("doctor").code == 0
    plan = evening.run("plan")
    assert plan.code == 0, plan
    assert f"{size} hand-ins;" in plan.said
    graded = evening.run("grade")
    assert graded.code == 1, graded  # checks have failed, as such a class has it
    again = evening.run("grade")
    assert again.code == 1, again
    before = course.results()
    assert {path.parent.name for path in tmp_path.glob("graded/*/result.json")} == set(before)
    shares = {name: shares_of(result) for name, result in before.items()}
    parts = sum(map(len, shares.values()))
    assert f"{parts} parts are open, 0 of {size} totals complete." in evening.run("marks").said
    early = evening.run("export canvas", rehearsed=False, COLUMN="Assignment 7")
    assert early.code == 2, early
    assert f"{size} totals are not complete" in early.complained
    assert f"no value yet for {', '.join(next(iter(shares.values())))}" in early.complained
    assert not (tmp_path / "graded" / "gradebook.csv").exists()

    # --- marked in the browser
    asked = disputed(before)
    with evening.serve("marking") as first:
        address = first.partition("Open ")[2].strip()
        given = marked(browser, address, shares)
        overruled(browser, address, asked)
    assert f"0 parts are open, {size} of {size} totals complete." in evening.run("marks").said
    assert {
        (name, task.id): (task.manual.points, task.manual.mark.comment)
        for name, result in course.results().items()
        for task in result.tasks
        if task.manual and task.manual.mark
    } == given

    # --- a complaint
    names = {"NAME": asked.name, "CHECK": asked.check}
    explained = evening.run("explain", **names)
    assert explained.code == 0, explained
    assert explained.said.startswith(f"{asked.check} of {asked.name}: ")
    assert REASON in explained.said
    regraded = evening.run("regrade", **names)
    assert regraded.code in (0, 1), regraded
    (check,) = [one for one in course.results()[asked.name].checks if one.id == asked.check]
    assert (check.points, check.overruled, check.counted_points) == (asked.measured, True, asked.points)
    said_otherwise = (tmp_path / "graded" / asked.name / "history").exists()
    compared = evening.run("diff")
    assert compared.code == 0, compared
    assert ("No mark differs." if said_otherwise else "Nothing has changed since it was graded.") in compared.said
    assert evening.run("freeze", **names).code == 0
    with zipfile.ZipFile(tmp_path / f"{asked.name}-frozen.zip") as bundle:
        assert any(one.startswith("submission/") for one in bundle.namelist())

    # --- handed out
    confirmed = evening.run("confirm")
    assert confirmed.code == 0, confirmed
    assert f"{size} totals confirmed by Ask." in confirmed.said
    exported = evening.run("export canvas", COLUMN="5007")
    assert exported.code == 0, exported
    totals = {
        name: sum(asked.points if (name, one.id) == asked.key else one.points for one in result.checks)
        + sum(points for (whose, _), (points, _) in given.items() if whose == name)
        for name, result in before.items()
    }
    assert_filled(tmp_path, {one: totals[name] for name, ids in course.members.items() for one in ids})
    fed = evening.run("feedback")
    assert fed.code == 0, fed
    assert_answers_to(tmp_path, course.members)

    # --- removed
    purged = evening.run("purge", typed="y\n", **names)
    assert purged.code == 0, purged
    assert not (tmp_path / "graded" / asked.name).exists()
    assert evening.run("cache").code == 0
    assert not evening.left, "the page has more commands"
    print(f"\n{size} hand-ins, {parts} parts marked by a person\n{evening.table()}")  # what docs/ta.md tells


# --- the person


@dataclass(frozen=True)
class Asked:
    """A verdict that a student asks about: what was measured, and the points that a person gives in its place."""

    name: str
    check: str
    measured: float
    points: float

    @property
    def key(self) -> tuple[str, str]:
        return self.name, self.check


def shares_of(result: Result) -> dict[str, float]:
    """The points that a person gives, by task."""
    return {task.id: task.manual.max_points for task in result.tasks if task.manual}


def disputed(results: dict[str, Result]) -> Asked:
    """Of the checks that something was trained for, the first that did not pass, else the first; a person gives
    half of its points, or all where half was measured."""
    found = [
        (check.outcome is Outcome.PASSED, name, check)
        for name, result in results.items()
        for check in result.checks
        if check.outcome in MEASURED and check.id.endswith("accuracy") and check.max_points
    ]
    _, name, check = min(found, key=lambda one: one[:2])
    half = check.max_points / 2
    return Asked(name, check.id, check.points, check.max_points if check.points == half else half)


def marked(browser, address: str, shares: dict[str, dict[str, float]]) -> dict[tuple[str, str], tuple[float, str]]:
    """Mark all hand-ins, question by question, by the keyboard alone; the points and comments that were given."""
    desk = Desk(browser, address)
    given = {}
    tasks = {task: [name for name in shares if task in shares[name]] for each in shares.values() for task in each}
    for number, (task, names) in enumerate(tasks.items()):
        if number:
            desk.press("]")
        name = desk.arrived(task)
        for place in range(len(names)):
            most = shares[name][task]
            if place == 0:
                desk.press("0", "c")
                desk.page.keyboard.type(WRONG)
                given[name, task] = (0, WRONG)
            elif place % 3 == 1:
                desk.page.get_by_role("button", name=WRONG).wait_for()  # it was saved with the one before
                desk.press("0", "q")
                given[name, task] = (0, WRONG)
            elif place % 3 == 2:
                desk.press("m")
                given[name, task] = (most, "")
            else:
                desk.press("m", "ArrowDown")
                given[name, task] = (steps(most)[-2], "")
            desk.press("Control+Enter")
            name = desk.arrived(task, other_than=name) if place + 1 < len(names) else name
        desk.counted(f"{len(names)} of {len(names)} marked")
        desk.saved()
    desk.close()
    return given


def overruled(browser, address: str, asked: Asked) -> None:
    """Give a check other points, on the page of its hand-in."""
    desk = Desk(browser, address, f"/hand-in/{asked.name}")
    slot = desk.page.locator(f'[data-check="{asked.check}"]')
    slot.get_by_text("Overrule").click()
    slot.get_by_label("Points").fill(str(asked.points))
    slot.get_by_label("Reason").fill(REASON)
    slot.get_by_role("button", name="Save").click()
    slot.get_by_text("Overruled:").wait_for()
    desk.close()


# --- what goes out


def assert_filled(folder: Path, totals: dict[str, float]) -> None:
    """The gradebook has each student's total, by Canvas's id, and is else what Canvas exported, byte by byte."""
    exported, filled = ((folder / name).read_bytes().decode() for name in ("grades.csv", "graded/gradebook.csv"))
    (was, now) = (list(csv.DictReader(io.StringIO(text, newline=""))) for text in (exported, filled))
    assert {row["ID"]: float(row[COLUMN]) for row in now if row["ID"] in totals} == pytest.approx(totals, abs=0.005)
    assert [row[COLUMN] for row in now if row["ID"] not in totals] == ["10.00", "EX"]
    for before, after in zip(was, now, strict=True):
        filled = filled.replace(f",{after[COLUMN]},", f",{before[COLUMN]},", 1) if before != after else filled
    assert filled == exported


def assert_answers_to(folder: Path, members: dict[str, list[str]]) -> None:
    """There is a page for each who handed in a file, under the ids of the user and of one of his files; and one for
    each member of a group that handed in a link."""
    with zipfile.ZipFile(folder / "submissions.zip") as download:
        handed_in = {ids_of(name) for name in download.namelist() if not name.endswith("_link.html")}
    with zipfile.ZipFile(folder / "feedback" / "upload_to_canvas.zip") as upload:
        answers = {ids_of(name): upload.read(name).decode() for name in upload.namelist()}
    assert set(answers) <= handed_in
    users = {user for user, _ in answers}
    assert len(answers) == len(users) == len({user for user, _ in handed_in})
    others = [student for ids in members.values() if ids[0] not in users for student in ids]
    assert len(list((folder / "feedback").glob("*.html"))) == len(answers) + len(others)
    assert all("Confirmed by Ask on" in page for page in answers.values())


def ids_of(name: str) -> tuple[str, str]:
    """The ids of the user and of the file in a file's name, as Canvas gives and takes it."""
    user, file = re.findall(r"_(\d{4})_(\d{5})_", name)[0]
    return user, file
