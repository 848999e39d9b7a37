"""What a notebook shows of a result: the scorecard's words, all of them, and nothing that a hand-in smuggles in."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from unit.page_reader import Page
from unit.sample_hostile import HOSTILE, hostile
from unit.sample_random import quick, random
from unit.sample_results import broken, busy, complete, typical

import harness
from harness import explained
from harness.intake import IntakeRefused
from harness.notebook import child, magic, own, running, showing, told
from harness.notebook.checked import Checked, Finding
from harness.recording import Finding as Seen
from harness.recording import Where
from harness.report import render_scorecard
from harness.results import Cause, Outcome, Result
from harness.text import clean

SCORECARD = Path("/home/ada/course/graded/my work/scorecard.html")
RESULTS = [typical(), complete(), broken(), quick(), random(), busy()]


def shown(result: Result, *only: str, scorecard: Path | None = SCORECARD) -> told.View:
    return told.view(result, only, "work.ipynb as it was saved 14:02, just now.", scorecard)


def flat(text: str) -> str:
    return " ".join(text.split())


# --- the same words, and all of them


@pytest.mark.parametrize("result", RESULTS, ids=lambda result: result.submission.name)
def test_nothing_is_kept_from_the_student(result):
    """Whatever the scorecard says of the work stands in the notebook or, where it is passed, in a count there."""
    said = [finding.message for finding in result.findings] + [note.message for note in result.integrity]
    said += [error.message for error in result.errors]
    for check in result.checks:
        if check.outcome is not Outcome.PASSED:
            said += [check.title, check.message]
            reason = explained.reason(result, check)
            said += [check.hint] if check.outcome is not Outcome.MANUAL and not (reason and reason.sure) else []
            said += [reason.message] if reason else []
    view = shown(result)
    for text in (told.as_text(view), Page(f"<main>{told.as_html(view)}</main>").text()):
        for sentence in said:
            assert flat(clean(sentence, told.LONGEST)) in flat(text)
        for task in result.tasks:
            assert f"{task.id} {task.title}" in flat(text)
    page = Page(render_scorecard(result)).text()
    for sentence in said:
        assert flat(clean(sentence, 500)).rstrip("…") in page, "and on the scorecard"


def test_places_and_the_sentence_of_a_finding_are_the_scorecards():
    place = Where(file="work.ipynb", cell=14, line=3)
    message = f"2D stacks layers in {place}: make the model inside the loop."
    result = typical().model_copy(
        update={"findings": (Seen(code="stacked-layers", message=message, task="2D", where=place),)}
    )
    text = told.as_text(shown(result))
    assert f"  → {message}\n" in text, "and the place is not said twice"
    assert message in Page(render_scorecard(result)).text()


def test_the_first_line_says_which_tasks_to_look_at():
    assert told.as_text(shown(complete())).startswith("No check failed.")
    first = told.as_text(shown(typical())).splitlines()[0]
    wrong = {check.task for check in typical().checks if check.outcome not in told.GOOD}
    assert wrong
    assert all(task in first for task in wrong)
    problem = typical().model_copy(update={"problem": "It is no notebook.", "tasks": ()})
    assert told.as_text(shown(problem)).startswith("Nothing could be checked. It is no notebook.")
    assert not shown(problem).passed


def test_only_the_task_that_was_asked_for():
    here, elsewhere = Where(file="work.ipynb", cell=14, line=3), Where(file="work.ipynb", cell=2)
    result = typical()
    own = next(check for check in result.checks if check.task == "2C" and check.where)
    near = own.where.model_copy(update={"line": 99})
    findings = (
        Seen(code="too-few-epochs", message="of 2C", task="2C", where=here),
        Seen(code="not-rescaled", message="in its cell", where=near),
        Seen(code="keras2-name", message="somewhere", where=elsewhere),
        Seen(code="stacked-layers", message="of 2D", task="2D", where=here),
    )
    view = shown(result.model_copy(update={"findings": findings}), "2C")
    assert [finding.message for finding in view.findings] == ["of 2C", "in its cell"]
    assert [task.id for task in view.tasks] == ["2C"]
    others = [check.title for check in result.checks if check.task != "2C"]
    assert not any(title in told.as_text(view) for title in others)


def untold(result: Result) -> Result:
    """Its measured checks as a check without training has them."""

    def waits(check):
        if check.judged is None:
            return check
        update = {"outcome": Outcome.NOT_MEASURED, "cause": Cause.NOT_TRAINED, "points": None, "judged": None}
        return check.model_copy(update=update | {"message": "Not told."})

    tasks = tuple(
        task.model_copy(
            update={
                "checks": tuple(map(waits, task.checks)), "outcome": Outcome.NOT_MEASURED,
                "cause": Cause.NOT_TRAINED, "machine_points": None,
            }
        )
        for task in result.tasks
    )  # fmt: skip
    return result.model_copy(update={"tasks": tasks})


def test_what_waits_for_training_neither_failed_nor_is_told_of():
    result = untold(random())
    view = shown(result)
    text = told.as_text(view)
    count = sum(check.cause is Cause.NOT_TRAINED for check in result.checks)
    assert count
    assert "need training, which was left out: harness.check(train=True) trains." in flat(text).replace(
        "needs", "need"
    )
    assert "Not told." not in text
    assert "nothing wrong so far" in text
    assert view.passed == all(
        check.outcome in told.GOOD for check in result.checks if check.cause is not Cause.NOT_TRAINED
    )


def test_after_training_the_figures_of_a_check_that_passed_are_shown():
    judged = [check for check in quick().checks if check.judged and check.outcome is Outcome.PASSED]
    assert judged
    text = told.as_text(shown(quick()))
    assert all(clean(check.message, told.LONGEST) in text for check in judged)
    assert "in the full check on track" in text


def test_the_scorecard_is_linked_from_the_notebooks_own_folder():
    page = Page(told.as_html(shown(complete())))
    assert [link["href"] for link in page.of("a")] == ["graded/my%20work/scorecard.html"]
    assert str(SCORECARD) in told.as_text(shown(complete()))
    assert "Scorecard" not in told.as_text(shown(complete(), scorecard=None)), "there is none yet"


# --- hostile text


@pytest.mark.parametrize("text", [*HOSTILE, "A" * 19_000])
def test_hostile_text_stays_text(text):
    view = shown(
        hostile(text), scorecard=Path("/x") / "graded" / clean(text, 60).replace("/", "_") / "scorecard.html"
    )
    html = told.as_html(view)
    page = Page(html)
    assert {tag for tag, _ in page.elements} <= {
        "div", "style", "p", "b", "code", "h4", "span", "ul", "li", "br", "small", "i", "a",
    }  # fmt: skip
    assert {name for _, attributes in page.elements for name in attributes} <= {"class", "href", "target"}
    assert all(link["href"].startswith("graded/") for link in page.of("a"))
    for made in (html, told.as_text(view), *told.problem(text)):
        assert not {"\x1b", "\x07", "\u202e", "\x00"} & {*made}
    assert len(html) < 200_000
    assert {tag for tag, _ in Page(told.problem(text)[1]).elements} == {"div", "p"}


# --- the checking process


class Answers:
    def __init__(self):
        self.events = []

    def write(self, line):
        self.events.append(json.loads(line))

    def flush(self):
        pass


JOB = {"path": "/c/my work.ipynb", "beside": "/c", "seen": "saved", "tasks": [], "train": False, "data": "digits",
       "assignment": "", "device": "cpu"}  # fmt: skip


@pytest.fixture
def answered(monkeypatch):
    """What the checking process says to a job, where grading gives this result or raises this error."""

    def answer(made, **job):
        def grade(paths, options, progress):
            answer.asked = (paths, options)
            if isinstance(made, BaseException):
                raise made
            progress.stage("x", "record")
            progress.epoch("x", "2C", 3, 10)
            progress.structure(made)
            return [made]

        monkeypatch.setattr(child, "grade", grade)
        answers = Answers()
        child.answer(JOB | job, child.Said(answers))
        return answers.events

    return answer


def test_a_check_is_said_in_stages_and_an_answer(answered):
    events = answered(typical("my work"), train=True)
    assert [event["event"] for event in events] == ["stage", "epoch", "known", "checked"]
    assert "without training" in events[0]["text"]
    assert events[1]["text"] == "Training a network of task 2C: epoch 3 of 10"
    answer = Checked.told(events[-1])
    assert answer.scorecard == Path("/c/graded/my work/scorecard.html")
    assert answer.findings == tuple(
        Finding(one.code, clean(one.message), one.task or "", str(one.where or "")) for one in typical().findings
    )
    assert not answer.passed
    paths, options = answered.asked
    assert [str(path) for path in paths] == ["/c/my work.ipynb"]
    assert (options.train, options.structure_first, options.isolation) == (True, True, "preferred")
    assert (str(options.out), options.device, options.data) == ("/c/graded", "cpu", "digits")


def test_nothing_is_trained_unless_it_is_asked_for(answered):
    answered(complete())
    assert not answered.asked[1].train


def test_only_what_the_tasks_need_is_trained(answered):
    answered(complete(), train=True, tasks=["2D"])
    assert answered.asked[1].only == ("2D",)


@pytest.mark.parametrize(
    ("job", "said"),
    [
        ({"tasks": ["2Z"]}, "There is no task '2Z'; there are 1, 2A,"),
        ({"tasks": ["2C", "2d"]}, "There is no task '2d'"),
        ({"data": "cifar"}, "There is no data 'cifar'; there are auto, mnist,"),
        ({"device": "tpu"}, "There is no device 'tpu'"),
        ({"assignment": "none-such"}, "there is no assignment 'none-such'"),
    ],
)
def test_what_was_asked_wrongly_is_said(answered, job, said):
    (event,) = answered(complete(), **job)
    assert event["event"] == "unanswered"
    assert said in event["problem"]


def test_what_goes_wrong_is_said_in_the_words_of_the_command_line(answered, monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    (event,) = answered(IntakeRefused("a link"))
    assert event["problem"] == "The notebook was refused: a link"
    (event,) = answered(ZeroDivisionError("by zero"))
    assert "This is our fault; the details are in" in event["problem"]
    assert not Checked.told(event).passed


# --- in the kernel


def test_the_kernel_imports_nothing_but_python():
    code = (
        "import sys; import harness; light = set(sys.modules)\n"
        "check = harness.check\n"
        "print(sorted(name for name in light if name.startswith('harness')))\n"
        "print(sorted({name.partition('.')[0] for name in set(sys.modules) - light} - sys.stdlib_module_names))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, encoding="utf-8", check=True
    )
    assert done.stdout.splitlines() == ["['harness']", "['harness']"]


def test_the_package_has_nothing_else():
    with pytest.raises(AttributeError, match="no attribute 'chek'"):
        _ = harness.chek


def test_where_there_is_no_notebook_the_answer_says_what_to_do(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(running, "run", lambda *_: pytest.fail("nothing is started"))
    monkeypatch.setattr(own.Kernel, "here", lambda: own.Kernel(folder=tmp_path))
    for answer in (harness.check(), harness.check("2D", path="gone.ipynb")):
        assert 'harness.check(path="my_notebook.ipynb")' in repr(answer)
        assert answer.problem == repr(answer)
        assert not answer.passed
        assert answer.findings == ()
        assert "&quot;" in answer._repr_html_()


def test_what_is_asked_reaches_the_checking_process(monkeypatch, tmp_path):
    (tmp_path / "a.ipynb").write_text("{}", encoding="utf-8")
    jobs = []
    monkeypatch.setattr(running, "run", lambda job, tell: jobs.append(job) or Checked(passed=True))
    assert harness.check(
        "2D", "3A", path=str(tmp_path / "a.ipynb"), train=True, data="digits", device="auto"
    ).passed
    (job,) = jobs
    assert json.loads(job.line()) == {
        "path": str((tmp_path / "a.ipynb").resolve()), "beside": str(tmp_path.resolve()), "seen": job.seen,
        "tasks": ["2D", "3A"], "train": True, "data": "digits", "assignment": "", "device": "auto",
    }  # fmt: skip
    assert "as it was saved" in job.seen


@pytest.fixture
def asked(monkeypatch):
    seen = []
    monkeypatch.setattr(magic, "check", lambda *tasks, **more: seen.append((tasks, more)))
    return seen


def test_the_magic_is_the_function(asked):
    class Shell:
        def register_magic_function(self, function, kind, name):
            self.known = {name: (kind, function)}

    shell = Shell()
    harness.load_ipython_extension(shell)
    kind, function = shell.known["harness"]
    assert kind == "line"
    usual = {"path": None, "train": False, "data": "auto", "assignment": "", "device": "cpu"}
    function("check")
    function("check 2D 3A --train --path 'my work.ipynb' --data digits")
    assert asked == [
        ((), usual),
        (("2D", "3A"), usual | {"train": True, "path": "my work.ipynb", "data": "digits"}),
    ]


@pytest.mark.parametrize("line", ["", "chekc", "check --profile full", "check 'x", "check --path"])
def test_a_wrong_magic_is_told_as_ipython_tells_it_and_ends_no_kernel(asked, line):
    from IPython.core.error import UsageError

    with pytest.raises(UsageError):
        magic.harness(line)
    assert asked == []


def test_outside_of_a_notebook_the_stages_are_lines(capsys, monkeypatch):
    monkeypatch.setattr(sys, "modules", {name: one for name, one in sys.modules.items() if name != "IPython"})
    with showing.shown() as tell:
        tell({"event": "stage", "text": "Reading it …"})
        tell({"event": "known", "text": "so far", "html": ""})
    assert capsys.readouterr() == ("", "Reading it …\n")


def test_in_a_notebook_one_output_is_written_anew_and_left_empty(monkeypatch):
    import IPython

    bundles = []

    class Handle:
        def update(self, bundle, raw):
            assert raw
            bundles.append(bundle)

    def display(bundle, raw, display_id):
        Handle().update(bundle, raw)
        assert display_id
        return Handle()

    monkeypatch.setattr(IPython, "get_ipython", object)
    monkeypatch.setattr("IPython.display.display", display)
    with showing.shown() as tell:
        tell({"event": "stage", "text": "Reading <it>"})
        tell({"event": "known", "text": "so far", "html": "<p>so far</p>"})
        tell({"event": "epoch", "text": "epoch 1"})
    assert [bundle["text/plain"] for bundle in bundles] == [
        "Reading <it>",
        "so far\nReading <it>",
        "so far\nepoch 1",
        "",
    ]
    assert bundles[0]["text/html"] == "<p>Reading &lt;it&gt;</p>"
