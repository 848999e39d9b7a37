"""The pages: a scorecard for one submission, and the class page over many.

Each page is one self-contained file: style and script are in it, and its content security policy allows nothing
else. What a template shows is prepared here; templates hold no arithmetic. Every string that reaches a page
passes `harness.text.clean` (jinja2's `finalize`) and is then escaped.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from harness import explained, text, views
from harness.assets import folder
from harness.class_figures import bars, points_figure, strip_figure
from harness.class_looks import still_open
from harness.class_strips import FENCE, FEW_VALUES
from harness.class_view import ClassRow as ClassRow  # a page's caller needs no more than this module
from harness.class_view import view
from harness.comparing import Likeness
from harness.kept_figures import KeptFigures
from harness.recording import REPLAYED_IN_FULL, REPLAYED_SAMPLE, Where
from harness.results import Cause, CheckResult, Outcome, Result

WORDS = {
    Outcome.PASSED: "passed",
    Outcome.PARTIAL: "partial",
    Outcome.FAILED: "failed",
    Outcome.MANUAL: "for a person",
    Outcome.NOT_ATTEMPTED: "not attempted",
    Outcome.NOT_MEASURED: "not measured",
}
CAUSES = {
    Cause.ERROR_IN_SUBMISSION: "an error in the hand-in",
    Cause.TIMEOUT: "it ran out of time",
    Cause.OUT_OF_MEMORY: "it ran out of memory",
    Cause.REFUSED: "refused: the harness does not build this",
    Cause.NOT_TRAINED: "training was left out of this check",
    Cause.HARNESS_FAULT: "a fault of the harness, not of the work",
}
SOURCES = {"assignment": "the assignment’s", "course": "the course’s", "calibration": "from calibration"}
DATA_SETS = {"mnist": "MNIST", "fashion_mnist": "Fashion-MNIST"}
MAX_STEPS = 6
MAX_LINES = 4


@dataclass(frozen=True)
class Line:
    """Something to do, and where."""

    text: str
    where: Where | None = None


@dataclass(frozen=True)
class Step:
    """What to do next in one task, or in the hand-in as a whole. `gain`: points that it may bring."""

    task: str
    title: str
    gain: float
    lines: tuple[Line, ...]
    more: int = 0


def render_scorecard(result: Result, figures: KeptFigures | None = None) -> str:
    """The scorecard of one submission as a self-contained HTML page; without `figures` each figure is drawn."""
    figures = figures or KeptFigures()
    known = {task.id for task in result.tasks}
    return (
        environment()
        .get_template("scorecard.html.j2")
        .render(
            **_page(images=True),
            result=result,
            verdict=_verdict(result),
            final=explained.final(result),
            forecasts=explained.forecasts(result),
            banners=banners([result]),
            steps=next_steps(result),
            lost=sum(check.cause is Cause.HARNESS_FAULT and not check.overruled for check in result.checks),
            tasks=views.tasks(result, figures),
            others=views.others(result, figures),
            own_loops=views.own_loops(result),
            saved_models=views.saved_models(result),
            other_findings=[finding for finding in result.findings if finding.task not in known],
            claims=[(claim, _difference(claim.claimed, claim.measured)) for claim in result.claims],
            provenance=list(_flat(result.provenance)),
            total_seconds=sum(result.timing.values()),
        )
    )


def render_class(
    rows: Sequence[ClassRow], likeness: Likeness | None = None, figures: KeptFigures | None = None
) -> str:
    """The class page: a table of all submissions, sorted and filtered where scripts run and complete where they do
    not, and how the class did. `likeness`: what hand-ins have in common. Without `figures` each figure is drawn."""
    figures = figures or KeptFigures()
    shown = view(rows, likeness)
    middle = shown.summary
    spread = figures.of(points_figure, shown.points, shown.most, middle["median"], name="points") if middle else ""
    strips = [
        figures.of(
            strip_figure, strip.measured, strip.gate, strip.names, strip.values,
            name=f"strip-{number}", title=f"{strip.measured} over the class: {text.clean(strip.check.title, 120)}",
        )
        for number, strip in enumerate(shown.strips, 1)
    ]  # fmt: skip
    return (
        environment()
        .get_template("class.html.j2")
        .render(
            **_page(),
            view=shown,
            banners=[*banners([row.result for row in rows]), *_unsure(rows)],
            spread=Markup(spread),  # noqa: S704  # ours, escaped
            bars=bars(shown.points, shown.most),
            strips=list(zip(shown.strips, map(Markup, strips), strict=True)),
            outcomes=list(Outcome),
            fence=FENCE,
            few=FEW_VALUES,
        )
    )


def render_part(template: str, **shown: Any) -> str:
    """A piece of HTML from one of our templates. Every string in what is shown is cleaned and escaped."""
    return environment().get_template(template).render(**shown)


def next_steps(result: Result) -> list[Step]:
    """What a student does next, the most points first: from errors, from checks that failed or passed in part
    (their hint, else what was seen), and from the findings of their tasks, with places."""
    first: list[Step] = []
    if result.problem:
        return [Step("", "Make the hand-in readable", 0, (Line(result.problem),))]
    if result.errors:
        lines = [Line(f"{error.type}: {text.clean(error.message, 200)}", error.where) for error in result.errors]
        first.append(_step("", "Mend what stops the code; what needs it could not be seen", 0, lines))
    untouched = [seen for seen in result.findings if seen.code == "template-unsolved"]
    first += [_step("", "Nothing is solved yet", 0, [Line(seen.message, seen.where)]) for seen in untouched]
    steps = []
    for task in result.tasks:
        open_checks = [check for check in task.checks if _is_theirs(check)]
        lines = [_to_do(check, result) for check in open_checks]
        if open_checks or task.outcome not in (Outcome.PASSED, Outcome.NOT_ATTEMPTED):
            lines += [Line(seen.message, seen.where) for seen in result.findings if seen.task == task.id]
        if lines:
            skipped = [check for check in task.checks if check.counted_outcome is Outcome.NOT_ATTEMPTED]
            gain = sum(check.max_points - (check.counted_points or 0) for check in (*open_checks, *skipped))
            steps.append(_step(task.id, task.title, gain, lines))
    steps.sort(key=lambda step: -step.gain)
    last = [step for step in (_unanswered(result), _left(result)) if step is not None]
    return [*first, *steps[: MAX_STEPS - len(last)], *last]


def _unanswered(result: Result) -> Step | None:
    """The tasks that were attempted and have no written text, which a person would give points for."""
    open_parts = [
        (task, task.manual)
        for task in result.tasks
        if task.id in result.unanswered and task.manual is not None and task.manual.mark is None
        if task.outcome is not Outcome.NOT_ATTEMPTED
    ]
    if not open_parts:
        return None
    line = Line(", ".join(f"{task.id} {part.asks or task.title}" for task, part in open_parts))
    gain = sum(part.max_points for _, part in open_parts)
    return Step("", "Write the answers: no text was found, and a person marks it", gain, (line,))


def _left(result: Result) -> Step | None:
    """The tasks for which nothing was found."""
    left = [task for task in result.tasks if task.outcome is Outcome.NOT_ATTEMPTED]
    if not left:
        return None
    line = Line(", ".join(f"{task.id} {task.title}" for task in left))
    return Step("", "Not attempted yet", sum(task.max_points for task in left), (line,))


def _is_theirs(check: CheckResult) -> bool:
    """Whether the student can do something about this check."""
    if check.counted_outcome in (Outcome.FAILED, Outcome.PARTIAL):
        return check.cause is not Cause.HARNESS_FAULT
    others = (None, Cause.NOT_TRAINED, Cause.HARNESS_FAULT)
    return check.counted_outcome is Outcome.NOT_MEASURED and check.cause not in others


def _to_do(check: CheckResult, result: Result) -> Line:
    """What to do about a check: the likely reason where one was seen, else its hint, else what was said."""
    reason = explained.reason(result, check)
    if reason is not None and reason.sure:
        return Line(reason.message, reason.where)
    return Line(check.hint or check.message or check.title, check.where)


def _step(task: str, title: str, gain: float, lines: Iterable[Line]) -> Step:
    """A step without repetitions, cut to what can be read at once."""
    distinct = tuple(dict.fromkeys(lines))
    return Step(task, title, gain, distinct[:MAX_LINES], len(distinct[MAX_LINES:]))


def _verdict(result: Result) -> dict[str, Any]:
    """The figures at the head of a scorecard."""
    known = [task.machine_points for task in result.tasks if task.machine_points is not None]
    machine = result.machine_points
    left = sum(task.manual.max_points for task in result.tasks if task.manual and task.manual.points is None)
    given = [task.manual.points for task in result.tasks if task.manual and task.manual.points is not None]
    counts = [(outcome, sum(check.counted_outcome is outcome for check in result.checks)) for outcome in Outcome]
    return {
        "machine": sum(known) if machine is None and known else machine,
        "machine_open": _open_points(result),
        "person_left": left,
        "person_given": sum(given) if given else None,
        "person_max": result.max_points - result.machine_max_points,
        "overruled": sum(check.overruled for check in result.checks),
        "tally": [(outcome, count) for outcome, count in counts if count],
    }


def _open_points(result: Result) -> str:
    """Which machine points have no value yet, and why, as sentences; "" where all have one."""
    reasons = still_open(result)
    open_tasks = [task for tasks in reasons.values() for task in tasks]
    lost = sum(task.machine_max_points for task in result.tasks if task.id in open_tasks)
    if not reasons:
        return ""
    why = "; ".join(f"{', '.join(tasks)}: {reason}" for reason, tasks in reasons.items())
    return (
        f"{text.points(lost)} of the {text.points(result.machine_max_points)} points "
        f"{'has' if lost == 1 else 'have'} no value yet ({why})."
    )


def banners(results: Sequence[Result]) -> list[tuple[str, str]]:
    """What must not be overlooked: a title and a sentence each, the gravest first."""
    found = []
    one = len(results) == 1
    if one and results[0].problem:
        found.append(("Nothing could be recorded", results[0].problem))
    stand_ins = [result for result in results if not result.dataset.official]
    for name, own in dict.fromkeys((result.dataset.name, result.assignment.dataset) for result in stand_ins):
        asked = DATA_SETS.get(own, own)
        sentence = (
            f"Marks were not measured on {asked}: this run used the data set “{name}”, with thresholds calibrated "
            "for it. They are a forecast; they are not the assignment’s marks."
        )
        found.append((f"Measured on {name}, not on {asked}", sentence))
    held = dict.fromkeys(result.isolation for result in results if not result.isolated)
    for isolation in held:
        count = sum(not result.isolated and result.isolation == isolation for result in results)
        whose = "The hand-in’s code" if one else f"The code of {text.quantity(count, 'submission')}"
        found.append(("Not isolated", f"{whose} ran without isolation. {isolation}".strip()))
    return found


def _unsure(rows: Sequence[ClassRow]) -> list[tuple[str, str]]:
    """What a person should settle before marks are given: which fits answer which task."""
    count = sum(row.unsure for row in rows)
    if not count:
        return []
    names = [row.result.submission.name for row in rows if row.unsure]
    shown = ", ".join(names[:MAX_LINES]) + (f" and {len(names) - MAX_LINES} more" if names[MAX_LINES:] else "")
    sentence = (
        f"For {text.quantity(count, 'task')} of {shown} it is not certain which fits answer. Look at matches.csv, "
        "correct its column “fits”, write yes under “sure”, and grade again with --map matches.csv."
    )
    return [(f"{text.quantity(count, 'match is', 'matches are')} unsure", sentence)]


def _difference(claimed: float, measured: float | None) -> str:
    """Measured minus claimed, with its sign; "" where nothing was measured."""
    if measured is None:
        return ""
    shown = text.number(abs(measured - claimed))
    return shown if shown == "0" else f"{'+' if measured > claimed else '−'}{shown}"


def _flat(tree: Any, path: str = "") -> Iterable[tuple[str, str]]:
    """Nested plain data as rows of a dotted name and a text."""
    if isinstance(tree, dict) and tree:
        for key, value in tree.items():
            yield from _flat(value, f"{path}.{key}" if path else str(key))
    elif isinstance(tree, list | tuple):
        yield path, ", ".join(map(_plain, tree)) or "none"
    else:
        yield path, _plain(tree)


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None or value == {} else str(value)


def _page(images: bool = False) -> dict[str, Any]:
    """What every page carries: its style, its script, and the policy that allows these two and nothing else.

    Where there are `images`, they are in the page too, as data addresses; none is fetched.
    """
    style, script = asset("style.css"), asset("app.js")
    policy = (
        f"default-src 'none'; style-src '{digest(style)}'; script-src '{digest(script)}'; "
        f"{'img-src data:; ' if images else ''}base-uri 'none'; form-action 'none'"
    )
    return {"style": Markup(style), "script": Markup(script), "policy": policy}  # noqa: S704  # the product's own


@cache
def asset(name: str) -> str:
    """The text of a file in `templates/`."""
    return (folder("templates") / name).read_text(encoding="utf-8")


def digest(source: str) -> str:
    """What a content security policy calls a style or a script that stands in the page."""
    return "sha256-" + base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()


def _finalize(value: Any) -> Any:
    """What jinja2 does to every value before escaping it."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return text.clean(value, 4_000, lines=True)
    return value


def _place(where: Where | None) -> str:
    return text.clean(str(where), 200) if where else ""


@cache
def environment() -> Environment:
    """What every template is rendered by: escaped, cleaned, with nothing undefined, and with these filters."""
    environment = Environment(
        loader=FileSystemLoader(folder("templates")),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "points": text.points,
        "number": text.number,
        "share": text.share,
        "day": lambda moment: f"{moment:%Y-%m-%d}",
        "percent": lambda value: f"{value:.0%}",
        "size": text.size,
        "seconds": text.seconds,
        "place": _place,
        "short": text.clean,
        "quantity": text.quantity,
        "word": WORDS.__getitem__,
        "cause": CAUSES.__getitem__,
        "source": SOURCES.__getitem__,
        "forecast_class": lambda forecast: forecast.value.replace(" ", "_"),
        "means": explained.FORECASTS.__getitem__,
    }
    environment.globals |= {"replayed_in_full": REPLAYED_IN_FULL, "replayed_sample": REPLAYED_SAMPLE}
    return environment
