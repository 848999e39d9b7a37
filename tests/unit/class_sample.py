"""A made-up class, for the tests of the class page: seeded, so that it is the same each time."""

from __future__ import annotations

from random import Random

from unit.sample_parts import check, mlp, task, where
from unit.sample_random import CNN_GATE, GAIN, GAIN_GATE, MLP_GATE, held
from unit.sample_results import broken, typical

from harness.class_view import ClassRow
from harness.comparing import Likeness, Twins
from harness.likeness import Pair, Passage
from harness.recording import Finding
from harness.results import Cause, CheckResult, IntegrityNote, Outcome, Result, TaskResult

POINTS = {
    "1": 0.5,
    "2A": 0.6,
    "2B": 0.5,
    "2C": 1.0,
    "2D": 0.8,
    "3A": 0.7,
    "4A": 0.5,
    "4B": 0.6,
    "4C": 0.3,
    "4D": 0.4,
}
CHECKS = {
    "1": ("Images are float32 in [0, 1].", "Labels are one-hot."),
    "2A": ("The layers are as asked.", "It has 55,050 parameters."),
    "2B": ("The compiled loss is categorical cross-entropy.",),
    "2C": ("It trains for 10 epochs with batches of 128.",),
    "2D": ("Each network trains for 40 epochs.", "Five factors are tried.", "Three networks are trained for each."),
    "3A": ("It has a convolutional layer.",),
    "4A": ("It maps noisy images to clean ones.",),
    "4B": ("The level of noise is used.", "The input is left as it is."),
    "4D": ("The decoder draws digits.",),
}
FINDINGS = (
    ("keras2-name", None, 0.6, "SGD(lr=0.1) is Keras 2; today it is learning_rate=0.1. It was understood."),
    ("too-few-epochs", "2D", 0.3, "These networks train for 2 epochs; the assignment asks for 40."),
    ("not-rescaled", "1", 0.12, "The images reach the network with values up to 255; divide them by 255."),
    ("no-replicates", "2D", 0.2, "One network a factor: three are asked for, so that chance can be told."),
    ("noise-level-unused", "4B", 0.08, "The level that the noise function takes is not used in it."),
    ("activity-regularizer", "2D", 0.05, "activity_regularizer is not weight decay; kernel_regularizer is."),
    ("noise-on-target", "4A", 0.04, "The autoencoder is trained to give back the noise."),
)
NOTES = (
    ("pasted-results", 0.04, "The accuracies plotted for 2D are typed in; no run of this notebook made them."),
    ("contradicted-number", 0.05, "Its saved output says 0.9995; we measured 0.9689."),
)


def a_result(number: int) -> Result:
    """Hand-in `number` of the class: most do well, some leave tasks out, a few fail."""
    rng = Random(number)
    name = f"group-{number:03}"
    if number % 60 == 59:
        return broken(name, dataset=typical().dataset, isolated=True)
    skill = min(1.0, rng.betavariate(5, 1.6))
    tasks = [_task(each, skill, rng) for each in POINTS]
    tasks.insert(6, task("3B", Outcome.MANUAL, None, 0))
    if number % 45 == 7:
        tasks[3] = _lost()
    findings = tuple(
        Finding(code=code, task=of, message=message, where=where(rng.randrange(2, 20), rng.randrange(1, 12)))
        for code, of, share, message in FINDINGS
        if rng.random() < share
    )
    notes = tuple(
        IntegrityNote(code=code, message=message, where=where(13, 1))
        for code, share, message in NOTES
        if rng.random() < share
    )
    models = (mlp(curves=()), mlp("3A", curves=(), fit="fit-2"))
    return typical(
        name, tasks=tuple(tasks), models=models, claims=(), errors=(), findings=findings, integrity=notes
    )


def a_class(count: int) -> list[ClassRow]:
    """So many hand-ins, as `write_class` gives them to the page."""
    results = [a_result(number) for number in range(1, count + 1)]
    return [ClassRow(result, f"{result.submission.name}/scorecard.html", 0) for result in results]


def likeness(rows: list[ClassRow]) -> Likeness:
    """Two pairs of copies, and two groups of the same training."""
    names = tuple(row.result.submission.name for row in rows)
    passage = Passage(where(4, 3), where(4, 31)), Passage(where(5, 1), where(6, 2))
    pairs = (Pair((1, 4), (0.94, 0.88), passage, 310), Pair((2, 5), (0.61, 0.52), passage, 90))
    twins = (Twins("2D", (names[1], names[4])), Twins("3A", (names[0], names[2], names[3])))
    return Likeness(names, pairs, 3, twins)


def _task(name: str, skill: float, rng: Random) -> TaskResult:
    most = POINTS[name]
    if rng.random() > skill + 0.35:
        none = check(name, Outcome.NOT_ATTEMPTED, 0, most, message="Nothing was found for it.")
        return task(name, Outcome.NOT_ATTEMPTED, 0, most, none)
    checks = [_check(name, number, title, skill, rng) for number, title in enumerate(CHECKS.get(name, ()))]
    checks += _judged(name, most, skill, rng)
    share = most / len(checks)
    checks = [each.model_copy(update={"max_points": share, "points": share * _part(each)}) for each in checks]
    points = round(sum(each.points or 0 for each in checks), 3)
    good = all(each.outcome is Outcome.PASSED for each in checks)
    outcome = Outcome.PASSED if good else Outcome.PARTIAL if points else Outcome.FAILED
    return task(name, outcome, points, most, *checks)


def _part(one: CheckResult) -> float:
    return (one.points or 0) / one.max_points if one.max_points else 0


def _check(name: str, number: int, title: str, skill: float, rng: Random) -> CheckResult:
    passed = rng.random() < 0.35 + 0.65 * skill
    return check(name, Outcome.PASSED if passed else Outcome.FAILED, float(passed), 1, id=f"{number}", title=title)


def _judged(name: str, most: float, skill: float, rng: Random) -> list[CheckResult]:
    """The check on what is random in this task, if there is one."""
    if name == "2C":
        mean = 0.9713 if rng.random() < 0.94 else 0.93
        return [held(tuple(rng.gauss(mean, 0.0016) for _ in range(3)), MLP_GATE, most, where(7, 12))]
    if name == "3A":
        return [held((min(0.994, rng.gauss(0.982 + 0.01 * skill, 0.002)),), CNN_GATE, most, where(15, 4))]
    if name == "4C":
        return [held((rng.gauss(0.1 + 0.13 * skill, 0.02),), GAIN_GATE, most, where(21, 2), GAIN)]
    return []


def _lost() -> TaskResult:
    """Task 2C, whose value was lost by the harness's own fault."""
    lost = check("2C", Outcome.NOT_MEASURED, None, 1, cause=Cause.HARNESS_FAULT, message="The trainer ended.")
    return task("2C", Outcome.NOT_MEASURED, None, 1, lost)
