"""The suite itself: it is complete, and what it asserts can fail. Starts no sandbox."""

from __future__ import annotations

import importlib
import socket
from dataclasses import replace
from pathlib import Path

import pytest
from attacks import suite
from attacks.expectations import differences
from attacks.invariants import after_a_case, i1_honest_as_before, i4_nothing_changed, i7_clean_class_views
from attacks.listed import FOLDER, Case, Expected, builders, every_case, listed, well_named
from attacks.pages import problems
from attacks.suite import MARK, Graded, Observed, Run, changes, listening, marks

from harness.evidence import Evidence
from harness.recording import Passage, Recording, Where
from harness.report import render_class
from harness.results import (
    AssignmentFacts,
    Cause,
    CheckResult,
    DatasetFacts,
    Result,
    SubmissionFacts,
    TaskResult,
)
from harness.sandbox import Ended, Frames, Limits, SandboxRun
from harness.worker.run_delay import PATIENCE

ALL = every_case()
ELSEWHERE = {"D10": "test_killed.py::test_d10_"}
"""Cases that are no hand-in, and the test that they are."""


def test_every_id_of_the_list_has_a_case():
    ids = {case.id for case in ALL.values()}
    assert ids | ELSEWHERE.keys() == listed().keys()
    assert len(listed()) == 94
    for where in ELSEWHERE.values():
        file, _, name = where.partition("::")
        assert f"def {name}" in (FOLDER.parent / file).read_text(encoding="utf-8")


def test_every_case_has_its_hand_in_and_every_hand_in_its_case():
    folders = {path.name for path in FOLDER.iterdir() if path.is_dir()}
    assert not folders & builders().keys()
    assert folders | builders().keys() == ALL.keys()
    assert all(well_named(name) for name in ALL)


@pytest.mark.parametrize("name", ALL)
def test_no_case_passes_that_did_nothing(name):
    """It ends otherwise than a run of an empty file does, or it leaves a trace that it must."""
    expected = ALL[name].expected
    assert (
        expected.ended != "whole" or expected.prints or expected.errors or expected.findings or expected.integrity
    )
    nothing_handed_in = "the code is missing" in expected.says  # which is nobody's error: it was not attempted
    assert (expected.cause == "") == (expected.ended == "whole" or nothing_handed_in)
    assert expected.ended == "whole" or expected.says


def test_security_tells_the_numbers_of_today(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER.parents[2] / "docs"))
    counts = importlib.import_module("attack_counts")
    assert "\n".join(counts.table()) in counts.PAGE.read_text(encoding="utf-8"), "python docs/attack_counts.py"


# --- what it asserts can fail


def observed(expected: Expected, **more) -> Observed:
    """A case that ran whole and did nothing."""
    facts = SubmissionFacts(name="s", sha256="")
    dataset = DatasetFacts(name="digits", sha256="", official=False)
    recording = more.pop("recording", Recording(kind="scripts", complete=True))
    evidence = Evidence(submission=facts, dataset=dataset, profile="quick", recording=recording, **more)
    assignment = AssignmentFacts(id="a", title="A", version="1")
    result = Result(submission=facts, assignment=assignment, profile="quick", dataset=dataset, tasks=())
    ended = SandboxRun(Frames(), Ended.FINISHED, log="said")
    return Observed(
        Case(name="A01_x", expected=expected), result, evidence, Path(), (Run(ended, Limits(), 1, 0, ()),)
    )


@pytest.mark.parametrize(
    "wanted",
    [
        {"ended": "nothing"},
        {"ended": "interrupted"},
        {"ended": "refused"},
        {"cause": "timeout"},
        {"says": "too long"},
        {"errors": ("TypeError: x",)},
        {"prints": ("x",)},
        {"findings": ("x-y",)},
        {"integrity": ("x-y",)},
        {"earns": {"2C": 1.0}},
    ],
)
def test_each_expectation_can_fail(wanted):
    plain = {"does": "nothing at all", "ended": "whole"}
    assert differences(observed(Expected(**plain, prints=("said",)))) == []
    assert len(differences(observed(Expected(**plain | wanted)))) == 1


# --- what must hold after every case can break

CANARY = "c4n4ry"


def whole(folder: Path, **more) -> Observed:
    """A case after which everything holds, with its files in `folder`."""
    (folder / "scorecard.html").write_text(render_class([]), encoding="utf-8")
    (folder / "junit.xml").write_text("<testsuites/>", encoding="utf-8")
    one = replace(observed(Expected(does="nothing at all", ended="whole"), **more), folder=folder)
    return replace(one, result=one.result.model_copy(update={"tasks": (task(0.0),)}))


def task(points: float | None, cause: Cause | None = None) -> TaskResult:
    check = CheckResult(
        id="2C.x", version="1", title="x", task="2C", outcome="passed", cause=cause, points=points, max_points=1
    )
    return TaskResult(
        id="2C", title="x", points=points, max_points=1, machine_points=points, machine_max_points=1,
        outcome="passed", checks=(check,),
    )  # fmt: skip


def with_run(one: Observed, **changes) -> Observed:
    return replace(one, runs=(replace(one.runs[0], **changes),))


def with_task(one: Observed, made: TaskResult) -> Observed:
    return replace(one, result=one.result.model_copy(update={"tasks": (made,)}))


def with_printed(one: Observed, text: str) -> Observed:
    passage = Passage(where=Where(file="a.py"), text=text)
    recording = one.evidence.recording.model_copy(update={"printed": (passage,)})
    return replace(one, evidence=one.evidence.model_copy(update={"recording": recording}))


def with_file(one: Observed, name: str, text: str) -> Observed:
    (one.folder / name).write_text(text, encoding="utf-8")
    return one


SLOW = SandboxRun(Frames(), Ended.TIMEOUT, seconds=Limits().seconds + 3)
BREAKS = {
    "a fault of ours": lambda one: with_file(one, "fault.txt", "Traceback"),
    "a check of ours that failed": lambda one: with_task(one, task(0.0, Cause.HARNESS_FAULT)),
    "no points": lambda one: with_task(one, task(None)),
    "an empty page": lambda one: with_file(one, "scorecard.html", "<p>"),
    "points for nothing": lambda one: with_task(one, task(0.5)),
    "a process left": lambda one: with_run(one, left=("17 python",)),
    "the secret in what it printed": lambda one: with_printed(one, f"found {CANARY}"),
    "the secret in a file": lambda one: with_file(one, "more.txt", CANARY),
    "it got through": lambda one: with_printed(one, "GOT THROUGH: x"),
    "too long": lambda one: with_run(one, run=SLOW),
    "too long by what it waited": lambda one: with_run(one, run=replace(SLOW, waited=PATIENCE * Limits().seconds)),
    "too long to end": lambda one: with_run(one, seconds=Limits().seconds + 60),
    "our memory": lambda one: with_run(one, growth=2**28),
    "a script on the page": lambda one: with_file(one, "scorecard.html", render_class([]) + "<script>1</script>"),
}


@pytest.mark.parametrize("what", BREAKS)
def test_each_invariant_can_fail(what, tmp_path):
    one = whole(tmp_path)
    after_a_case(one, CANARY)
    with pytest.raises(AssertionError):
        after_a_case(BREAKS[what](one), CANARY)


def test_an_honest_hand_in_that_is_graded_otherwise_is_seen(tmp_path):
    before = with_task(whole(tmp_path), task(0.5)).result
    graded = Graded({}, before, tmp_path, "", CANARY, (), ())
    i1_honest_as_before(graded, before)
    for other in (task(0.25), task(0.5, Cause.TIMEOUT)):
        with pytest.raises(AssertionError):
            i1_honest_as_before(graded, before.model_copy(update={"tasks": (other,)}))


@pytest.mark.parametrize("changed", [{"changed": ("/x",)}, {"called": ("127.0.0.1",)}])
def test_a_changed_machine_is_seen(changed, tmp_path):
    graded = Graded({}, whole(tmp_path).result, tmp_path, "", CANARY, (), ())
    i4_nothing_changed(graded)
    with pytest.raises(AssertionError):
        i4_nothing_changed(replace(graded, **changed))


@pytest.mark.parametrize(
    ("name", "text"),
    [("grades.csv", "name\n=1+1\n"), ("index.html", "<p>"), ("terminal", "\x1b[2J"), ("terminal", "\u202e")],
)
def test_hostile_class_views_are_seen(name, text, tmp_path):
    for file in ("grades.csv", "matches.csv"):
        (tmp_path / file).write_text("name,points\ngroup,-1.5\n", encoding="utf-8")
    (tmp_path / "index.html").write_text(render_class([]), encoding="utf-8")
    graded = Graded({}, whole(tmp_path).result, tmp_path, "1 / 5.9", CANARY, (), ())
    i7_clean_class_views(graded)
    if name != "terminal":
        (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(AssertionError):
        i7_clean_class_views(replace(graded, terminal=text if name == "terminal" else ""))


HOSTILE = [
    "<script>alert(1)</script>",
    "<script src=x></script>",
    "<img src=x onerror=alert(1)>",
    "<p onclick=alert(1)>",
    '<a href="javascript:alert(1)">',
    '<a href=" java\nscript:alert(1)">',
    '<a href="//evil.example">',
    '<a href="http://evil.example">',
    '<img src="http://evil.example/?leak">',
    '<svg><use xlink:href="http://evil.example#x"></svg>',
    "<iframe srcdoc=x></iframe>",
    "<object data=x></object>",
    "<base href=http://evil.example>",
    '<meta http-equiv="refresh" content="0;url=http://evil.example">',
    '<p style="background:url(http://evil.example)">',
    "<link rel=stylesheet href=http://evil.example/x.css>",
]


@pytest.mark.parametrize("html", HOSTILE)
def test_hostile_pages_are_seen(html):
    page = render_class([])
    assert problems(page) == []
    assert problems(page.replace("</body>", html + "</body>")) != []


def test_a_page_without_its_policy_is_seen():
    assert problems(render_class([]).replace("default-src", "x-src")) != []
    assert problems(render_class([]).replace("</script>", ";alert(1)</script>")) != []


def test_changed_removed_and_new_files_are_seen(tmp_path, monkeypatch):
    monkeypatch.setattr(suite, "roots", lambda: (tmp_path,))
    for name in ("same", "changed", "removed"):
        (tmp_path / name).write_text("x", encoding="utf-8")
    before = suite.tree()
    (tmp_path / "changed").write_text("xy", encoding="utf-8")
    (tmp_path / "removed").unlink()
    (tmp_path / f"{MARK}.py").write_text("x", encoding="utf-8")
    names = {Path(path).name for path in changes(before, suite.tree())}
    assert names == {"changed", "removed", f"{MARK}.py"}
    assert marks(tmp_path / "run") == (str(tmp_path / f"{MARK}.py"),)


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="the suite needs Linux")
def test_who_calls_a_socket_of_the_machine_is_seen(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as free:  # the suite's own may be in use by one that runs
        monkeypatch.setattr(suite, "PORT", free.getsockname()[1])
    with listening() as called, socket.create_connection(("127.0.0.1", suite.PORT)):
        pass
    assert called
