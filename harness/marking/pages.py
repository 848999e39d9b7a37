"""What the marking page shows, as HTML: the page itself, once, and the work of one hand-in at a time.

The page is made as a scorecard is: its style and script stand in it, and its policy allows these and what comes
from this server. All of a submission passes the same walls on its way (`harness.report`, `harness.markdown`).
"""

from __future__ import annotations

import math
import threading
from typing import Any, Literal

from markupsafe import Markup

from harness import explained, views
from harness.kept_figures import KeptFigures
from harness.marking.gathered import Gathered, Question
from harness.marking.reports import Reports
from harness.report import asset, digest, environment, render_scorecard
from harness.results import Result, TaskResult

STYLES = ("style.css", "marking/marking.css")
SCRIPTS = tuple(
    f"marking/{name}.js" for name in ("saver", "panel", "dialogs", "keys", "question", "hand_in", "start")
)
STEPS = (0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0)
MOST_STEPS = 6
FRAMED = "frame-ancestors 'self'"

View = Literal["question", "hand-in"]


class Pages:
    """The marking page over gathered hand-ins. Safe in threads: one thing is drawn at a time."""

    def __init__(self, gathered: Gathered, reports: Reports, figures: KeptFigures | None = None) -> None:
        self._gathered = gathered
        self._reports = reports
        self._figures = figures or KeptFigures()
        self._lock = threading.Lock()

    def page(self, view: View, author: str, csrf: str) -> tuple[str, str]:
        """The page, and the policy that goes with it as a header."""
        style = "\n".join(asset(name) for name in STYLES)
        script = "\n".join(asset(name) for name in SCRIPTS)
        policy = (
            f"default-src 'none'; style-src '{digest(style)}'; script-src '{digest(script)}'; img-src data:; "
            "connect-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'"
        )
        gathered = self._gathered
        told = {
            "view": view,
            "csrf": csrf,
            "author": author,
            "hidden": gathered.hidden,
            "questions": [_question(question) for question in gathered.questions.values()],
            "hand_ins": [
                {"key": line.key, "tasks": [task for task in gathered.questions if task in line.shares]}
                for line in gathered.lines.values()
            ],
        }
        html = (
            environment()
            .get_template("marking/page.html.j2")
            .render(
                style=Markup(style),  # noqa: S704  # the product's own
                script=Markup(script),  # noqa: S704  # the product's own
                policy=policy,
                title=gathered.title,
                view=view,
                told=told,
                author=author,
                hidden=gathered.hidden,
            )
        )
        return html, f"{policy}; frame-ancestors 'none'"

    def question(self, task: str, key: str) -> str:
        """A hand-in's work on one question: what it says and shows, beside what was measured of it."""
        result = self._gathered.shown(key)
        return self._render("question", view=self._task(result, task), **self._of(result, key))

    def hand_in(self, key: str) -> str:
        """A hand-in's work on all questions, with the verdicts of its checks."""
        result = self._gathered.shown(key)
        shown = [self._task(result, task.id) for task in result.tasks]
        return self._render("hand_in", views=shown, **self._of(result, key))

    def scorecard(self, key: str) -> str:
        """The scorecard of a hand-in; without its names where they are hidden."""
        result = self._gathered.shown(key)
        with self._lock:
            return render_scorecard(result, self._figures)

    def _of(self, result: Result, key: str) -> dict[str, Any]:
        """What is shown of a hand-in beside any question."""
        hidden = self._gathered.hidden
        return {
            "result": result,
            "final": explained.final(result),
            "key": key,
            "reports": list(enumerate(result.reports)),
            "report_shown": bool(self._reports) and not hidden,
            "hidden": hidden,
        }

    def _task(self, result: Result, task: str) -> dict[str, Any]:
        found = next((one for one in result.tasks if one.id == task), None)
        if found is None:
            found = TaskResult.model_validate(_absent(self._gathered.questions[task]))
        with self._lock:
            view = views.of_task(found, result, self._figures)
        others = [answer for answer in result.answers if answer.task != task]
        view["elsewhere"] = [] if view["answers"] else [views.of_answer(answer) for answer in others]
        view["page"] = next((each.where.page for each in result.answers if each.task == task and each.where), None)
        return view

    def _render(self, name: str, **values: Any) -> str:
        with self._lock:
            return environment().get_template(f"marking/{name}.html.j2").render(**values)


def steps(most: float) -> list[float]:
    """The points that are offered for a part worth `most`, from none to all: at most seven, evenly apart where a
    step that people use divides them."""
    for step in STEPS:
        count = most / step
        if count <= MOST_STEPS and math.isclose(count, round(count), abs_tol=1e-9):
            return [round(step * number, 6) for number in range(round(count) + 1)]
    return [round(most * quarter / 4, 3) for quarter in range(5)]


def _question(question: Question) -> dict[str, Any]:
    return {**question.model_dump(), "steps": steps(question.max_points)}


def _absent(question: Question) -> dict[str, Any]:
    """A task that a hand-in's result does not have: nothing is shown of it."""
    return {
        "id": question.task, "title": question.title, "points": None, "max_points": question.max_points,
        "machine_points": None, "machine_max_points": 0, "outcome": "manual",
    }  # fmt: skip
