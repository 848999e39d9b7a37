"""The process that checks a notebook for the kernel that started it: `harness.notebook.running` is its other end.

Trusted code only: the notebook itself runs in the sandbox, as always. What is said is plain text and our own HTML;
every string of the notebook in it is cleaned and escaped.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any, get_args

from harness import terminal
from harness.assignment import Assignment
from harness.classroom import DataName, Options, grade
from harness.intake import IntakeRefused
from harness.notebook import told
from harness.notebook.watching import STOPPED, watch
from harness.options import DEFAULT_ASSIGNMENT, cache_folder, cache_limit, load
from harness.results import Result
from harness.text import clean
from harness.training.process import Device

STAGES = {
    "intake": "Reading it",
    "record": "Running it without training, apart from this notebook",
    "inspect": "Looking at its networks",
    "train": "Training",
    "replay": "Running it again with trained networks",
    "check": "Checking",
    "render": "Writing the scorecard",
}


def main() -> None:
    """Answer one job, or end where nobody waits for the answer any more."""
    waiting = os.dup(0)
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    job = json.loads(_first_line(waiting))
    try:
        watch(waiting)
        answer(job, Said(answers))
    except BrokenPipeError:
        pass
    except KeyboardInterrupt:
        sys.exit(STOPPED)


def answer(job: dict[str, Any], said: Said) -> None:
    """Check what the job names, and say what came of it; what goes wrong is said too."""
    try:
        assignment = load(job["assignment"] or DEFAULT_ASSIGNMENT)
        if wrong := wrongly_asked(job, assignment):
            said.unanswered(wrong)
            return
        out = Path(job["beside"]) / "graded"
        options = Options(
            assignment=assignment, out=out, data=job["data"], device=job["device"], isolation="preferred",
            one_is_a_class=False, structure_first=job["train"], train=job["train"],
            only=tuple(job["tasks"]),
            cache=cache_folder(True), cache_limit=cache_limit(None),
        )  # fmt: skip
        said.tasks, said.seen = tuple(job["tasks"]), job["seen"]
        (result,) = grade([Path(job["path"])], options, said)
        said.checked(result, out / result.submission.name / "scorecard.html")
    except IntakeRefused as reason:
        said.unanswered(f"The notebook was refused: {reason}")
    except Exception as error:
        said.unanswered(terminal.fault_of(error)[1])


def wrongly_asked(job: dict[str, Any], assignment: Assignment) -> str:
    """What there is not of what the job asks for, in a sentence; "" where there is all."""
    asked: list[tuple[str, str, Iterable[str]]] = [("task", task, assignment.tasks) for task in job["tasks"]]
    asked += [("data", job["data"], get_args(DataName)), ("device", job["device"], get_args(Device))]
    for what, name, known in asked:
        if name not in known:
            return f"There is no {what} {clean(name, 60)!r}; there are {', '.join(known)}."
    return ""


class Said:
    """The progress of a check as lines of JSON, and its answer."""

    def __init__(self, answers: IO[str]) -> None:
        self._answers = answers
        self.tasks: tuple[str, ...] = ()
        self.seen = ""

    def _say(self, event: str, **about: Any) -> None:
        self._answers.write(json.dumps({"event": event, **about}) + "\n")
        self._answers.flush()

    def total(self, submissions: int) -> None:
        """There is one."""

    def passed_over(self, name: str) -> None:
        """There is one."""

    def done(self, result: Result) -> None:
        """The answer follows."""

    def note(self, text: str) -> None:
        """Something that whoever waits should know."""
        self._say("note", text=clean(text, 1_000))

    def stage(self, submission: str, stage: str, detail: str = "") -> None:
        """A stage has begun."""
        del submission, detail
        self._say("stage", text=f"{STAGES.get(stage, stage)} …")

    def epoch(self, submission: str, task: str, epoch: int, of: int) -> None:
        """A network has finished an epoch."""
        del submission
        what = f"a network of task {clean(task, 20)}" if task else "a network"
        self._say("epoch", text=f"Training {what}: epoch {epoch} of {of}")

    def structure(self, result: Result) -> None:
        """What can be told before training."""
        told_now = told.view(result, self.tasks, self.seen, None)
        self._say("known", text=told.as_text(told_now), html=told.as_html(told_now))

    def checked(self, result: Result, scorecard: Path) -> None:
        """The answer."""
        view = told.view(result, self.tasks, self.seen, scorecard)
        self._say(
            "checked",
            passed=view.passed,
            findings=[
                {
                    "code": finding.code,
                    "message": clean(finding.message),
                    "task": finding.task or "",
                    "where": clean(str(finding.where or "")),
                }
                for finding in view.findings
            ],
            problem=view.problem,
            scorecard=str(scorecard),
            text=told.as_text(view),
            html=told.as_html(view),
        )

    def unanswered(self, problem: str) -> None:
        """There is no answer, and why."""
        text, html = told.problem(problem)
        self._say("unanswered", passed=False, findings=[], problem=text, scorecard="", text=text, html=html)


def _first_line(waiting: int) -> bytes:
    line = b""
    while not line.endswith(b"\n") and (byte := os.read(waiting, 1)):
        line += byte
    return line


if __name__ == "__main__":
    main()
