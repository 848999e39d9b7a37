"""How a check says what it found: outcomes as exceptions, measurements noted on the way.

A check is a pytest test whose docstring is the sentence the student reads. It passes by returning. It ends in
another way by raising one of the classes below, each of which names the outcome, what was seen and what to do.
"""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from harness.evidence import Evidence, Network
from harness.other_frameworks import frameworks
from harness.recording import CellError, Where
from harness.results import Cause, CheckResult, Judged, Measurement, Outcome, Threshold
from harness.training.arrays_spec import NOT_MADE

if TYPE_CHECKING:
    from harness.assignment import Assignment


class Ending(Exception):
    """A check's end other than passing."""

    outcome = Outcome.FAILED

    def __init__(
        self, message: str, hint: str = "", *, cause: Cause | None = None, where: Where | None = None,
        share: float = 0.0,
    ) -> None:  # fmt: skip
        super().__init__(message)
        self.message, self.hint, self.cause, self.where, self.share = message, hint, cause, where, share


class Failed(Ending):
    """What is asked is not there."""


class Partial(Ending):
    """Some of what is asked is there: `share` of the points."""

    outcome = Outcome.PARTIAL


class NotAttempted(Ending):
    """Nothing of the task was found."""

    outcome = Outcome.NOT_ATTEMPTED


class NotMeasured(Ending):
    """It could not be told; `cause` says why, and whether that is theirs or ours."""

    outcome = Outcome.NOT_MEASURED


class ForAPerson(Ending):
    """No machine verdict: a person decides."""

    outcome = Outcome.MANUAL


@dataclass
class Verdict:
    """What a check notes while it runs."""

    measurements: list[Measurement] = field(default_factory=list)
    thresholds: list[Threshold] = field(default_factory=list)
    judged: Judged | None = None
    message: str = ""
    where: Where | None = None

    def says(self, message: str) -> None:
        """What was seen, for the page, where the check passes."""
        self.message = message

    def measured(
        self, name: str, value: float | None, *, low: float | None = None, high: float | None = None,
        n: int | None = None, unit: str = "", how: str = "",
    ) -> None:  # fmt: skip
        """Note a measurement."""
        self.measurements.append(Measurement(name=name, value=value, low=low, high=high, n=n, unit=unit, how=how))

    def threshold(self, name: str, value: float, source: Literal["assignment", "course", "calibration"]) -> None:
        """Note a threshold and whose it is."""
        self.thresholds.append(Threshold(name=name, value=value, source=source))


@dataclass(frozen=True)
class CheckSpec:
    """A check as its marker and its source declare it."""

    id: str
    task: str
    points: float
    title: str
    version: str
    after: tuple[str, ...] = ()

    @staticmethod
    def of(function: Callable[..., Any], task: str, points: float, after: tuple[str, ...]) -> CheckSpec:
        """The spec of a marked test function. Its id is the task and the function's name."""
        name = function.__name__.removeprefix("check_").replace("_", "-")
        source = inspect.getsource(function)
        return CheckSpec(
            id=f"{task}.{name}",
            task=task,
            points=points,
            title=inspect.cleandoc(function.__doc__ or name).split("\n\n")[0].replace("\n", " "),
            version=hashlib.sha256(source.encode()).hexdigest()[:12],
            after=after,
        )

    def result(self, verdict: Verdict, error: BaseException | None) -> CheckResult:
        """The result of having run: passed, one of the endings, or our fault where anything else was raised."""
        outcome, cause, message, hint, where = Outcome.PASSED, None, verdict.message, "", verdict.where
        points: float | None = self.points
        if isinstance(error, Ending):
            outcome, cause, message, hint = error.outcome, error.cause, error.message, error.hint
            where = error.where or where
            points = {Outcome.PARTIAL: self.points * error.share, Outcome.MANUAL: None}.get(outcome, 0.0)
        elif error is not None:
            outcome, cause = Outcome.NOT_MEASURED, Cause.HARNESS_FAULT
            message = f"The check itself failed ({type(error).__name__}: {error}). This is not your fault."
            hint = "Tell whoever runs the harness; the task has no value until this is mended."
        if cause in (Cause.NOT_TRAINED, Cause.HARNESS_FAULT):
            points = None
        return CheckResult(
            id=self.id, version=self.version, title=self.title, task=self.task, outcome=outcome, cause=cause,
            points=None if points is None else round(points, 9), max_points=round(self.points, 9),
            message=message, hint=hint,
            measurements=tuple(verdict.measurements), thresholds=tuple(verdict.thresholds),
            judged=verdict.judged, where=where,
        )  # fmt: skip


def require_network(evidence: Evidence, task: str, wanted: str, words: tuple[str, ...] = ()) -> Network:
    """The network that answers a task. Raises NotAttempted or NotMeasured with the reason where there is none.

    `wanted` completes "no … was found". `words` in a cell that could not run suggest that it was lost there.
    """
    if evidence.problem and evidence.cause is None:
        raise NotAttempted(evidence.problem, "Hand in the notebook or the scripts besides the report.")
    if evidence.problem:
        raise NotMeasured(evidence.problem, cause=evidence.cause)
    networks = evidence.networks(task)
    if networks:
        network = networks[0]
        if network.facts.refused:
            raise NotMeasured(
                f"The network was found but cannot be rebuilt: {network.facts.refused}.",
                "Use layers that Keras itself provides, or ask the person who marks.",
                cause=Cause.REFUSED,
                where=network.where,
            )
        return network
    _leave_to_a_person(evidence, task)
    _require_all_seen(evidence, wanted, words)
    _require_saved_models_read(evidence, wanted)
    error = lost_in(evidence, words)
    if error is not None:
        raise NotMeasured(
            f"No {wanted} was found, and {error.where} could not run: {error.type}: {error.message}",
            "Mend that cell, then run the notebook from top to bottom in a fresh kernel.",
            cause=Cause.ERROR_IN_SUBMISSION,
            where=error.where,
        )
    if evidence.interrupted:
        raise NotMeasured(
            f"No {wanted} was found before the run ended. {evidence.interrupted}", cause=evidence.cause
        )
    if evidence.recording.kind == "nothing":
        raise NotAttempted(
            f"No {wanted} was found.", "Hand in the notebook or the scripts besides the saved model."
        )
    raise NotAttempted(f"No {wanted} was found.", "If it is there, check that the cell that calls fit really runs.")


def network_of(evidence: Evidence, assignment: Assignment, task: str) -> Network:
    """The network that answers a task by the assignment's rule for it. Raises as `require_network` does."""
    rule = next(rule for rule in assignment.rules() if rule.task == task)
    return require_network(evidence, task, rule.wanted, rule.words)


def require_trained(network: Network, what: str) -> None:
    """Raises NotMeasured where the network, called `what`, could not be trained: with the error of a fit that
    fails, and its place. Raises ForAPerson where it was refused for inputs or targets that the evaluation images
    cannot become, such as ones standardised feature by feature: nothing is wrong with them."""
    if network.record.error:
        raise NotMeasured(
            f"The fit fails: {network.record.error}",
            "Mend what the error names, then run the notebook from top to bottom in a fresh kernel.",
            cause=Cause.ERROR_IN_SUBMISSION,
            where=network.where,
        )
    problem, cause = network.evidence.problem, network.evidence.cause
    if cause is Cause.NOT_TRAINED:
        raise NotMeasured(f"Not told: {problem}.", cause=cause, where=network.where)
    if problem:
        message = f"{what} could not be trained: {problem}."
        if _unmade(network):
            raise ForAPerson(f"{message} A person marks it.", where=network.where)
        raise NotMeasured(message, cause=cause or Cause.REFUSED, where=network.where)


def require_any_made(networks: Sequence[Network], what: str) -> None:
    """Raises ForAPerson where none of these networks was trained, and one of them, called `what`, for inputs or
    targets that the evaluation images cannot become."""
    unmade = next((network for network in networks if _unmade(network)), None)
    if unmade is not None and not any(network.evidence.runs for network in networks):
        require_trained(unmade, what)


def _unmade(network: Network) -> bool:
    evidence = network.evidence
    return evidence.cause is Cause.REFUSED and (evidence.problem or "").endswith(NOT_MADE)


def require_measurable(evidence: Evidence) -> None:
    """Raises ForAPerson where the hand-in makes its networks in a framework that is not measured."""
    used = frameworks(evidence.recording)
    if used:
        names = " and ".join(one.name for one in used)
        raise ForAPerson(
            f"This hand-in uses {names}, which is not measured here; a person marks it.", where=used[0].where
        )


def _leave_to_a_person(evidence: Evidence, task: str) -> None:
    """Raises ForAPerson where no fit answers a task, but something does that is not measured."""
    match = evidence.matches.get(task)
    own = [one for one in evidence.self_trained if match is not None and one.id in match.self_trained]
    if own:
        best = max(own, key=lambda one: one.accuracy or 0.0)
        reached = f"; its weights reach {best.accuracy:.2%} of the test images" if best.accuracy is not None else ""
        raise ForAPerson(
            f"A loop of your own trains this network, and not fit{reached}. A person grants the points.",
            "model.fit(…) can be trained again here, and is measured.",
            where=best.where,
        )
    require_measurable(evidence)


def _require_all_seen(evidence: Evidence, wanted: str, words: tuple[str, ...]) -> None:
    """A network that could not be looked at matches no task: say so where it may be the one that is missed."""
    for record in evidence.recording.fits:
        found = evidence.fits.get(record.id)
        if found is None or found.facts.layers:
            continue
        if found.cause is Cause.HARNESS_FAULT:
            raise NotMeasured(
                f"No {wanted} was found, but one network could not be looked at, which is not your fault: "
                f"{found.problem}",
                cause=Cause.HARNESS_FAULT,
                where=record.where,
            )
        if found.problem and any(word in layer.class_name for word in words for layer in record.layers):
            raise NotMeasured(
                f"No {wanted} was found, but one network cannot be rebuilt: "
                f"{found.facts.refused or found.problem}.",
                "Use layers that Keras itself provides, or ask the person who marks.",
                cause=found.cause or Cause.REFUSED,
                where=record.where,
            )


def _require_saved_models_read(evidence: Evidence, wanted: str) -> None:
    """A hand-in that trains nothing, and whose saved model cannot be taken: that is why a network is missing."""
    unread = next((one for one in evidence.saved_models if one.fault is not None), None)
    if unread is None or evidence.recording.fits:
        return
    theirs = unread.fault in ("legacy", "not_measured")
    raise NotMeasured(
        f"No {wanted} was found, and {unread.file} {unread.problem}.",
        'Save the model with today\'s Keras, model.save("model.keras"), and hand in the code that trains it.',
        cause=Cause.ERROR_IN_SUBMISSION if theirs else Cause.REFUSED,
        where=Where(file=unread.file[:300]),
    )


def lost_in(evidence: Evidence, words: tuple[str, ...]) -> CellError | None:
    """The error of a cell whose source has one of the words."""
    sources = {(item.where.file, item.where.cell): item.text for item in evidence.recording.sources}
    for error in evidence.recording.errors:
        text = sources.get((error.where.file, error.where.cell), error.source)
        if any(word in text for word in words):
            return error
    return None
