"""Random outcomes: gates with runs of a reference, checks that were held against them, results with such checks."""

from __future__ import annotations

from statistics import NormalDist
from typing import Any, Literal

from unit.sample_parts import curve, mlp, task, where
from unit.sample_results import typical

from harness.checking import CheckSpec, Ending, Verdict
from harness.gates import Gate
from harness.recording import Finding, Where
from harness.results import CheckResult, Claim, Outcome, Result, TaskResult
from harness.verdicts import ACCURACY, Words, hold


def gate(name: str, mean: float, sd: float, known: int, **more: Any) -> Gate:
    """A gate with so many runs of the reference, as a normal distribution has them."""
    reference = tuple(NormalDist(mean, sd).inv_cdf((number + 0.5) / known) for number in range(known))
    facts: dict[str, Any] = {"alpha": 0.00025, "total": 0.001, "gates": 4, "reference": reference}
    return Gate(task=name, **(facts | more))


MLP_GATE = gate("2C", 0.9713, 0.0016, 200, nominal=0.97, rule="retry", runs=3, most=3)
CNN_GATE = gate("3A", 0.9921, 0.0009, 12, nominal=0.99, partial_from=0.97, most=3)
GAIN_GATE = gate("4C", 0.211, 0.02, 12, measure="gain", difference=True, partial_from=0.0, most=3)
GAIN = Words(
    name="gain",
    reaches="your autoencoder, from noise level 0.4 to 0.8, gains your classifier",
    trained="your autoencoder",
    how="of each training, mean over levels 0.4 to 0.8",
    hint="Is the autoencoder trained from noisy to clean images, on the scale that the classifier takes?",
    shown=lambda value: f"{100 * value:.1f} percentage points",
    correct="gain on average",
    figure="it gains ",
)
ASKED = {
    "2C": "Validation accuracy reaches 97 %.",
    "3A": "Validation accuracy reaches 99 %.",
    "4C": "Denoised images are told better than noisy ones, from the autoencoder's own noise level upwards.",
}


def held(
    values: tuple[float, ...],
    gate: Gate,
    points: float,
    at: Where | None = None,
    words: Words = ACCURACY,
    profile: Literal["quick", "full"] = "full",
    **more: Any,
) -> CheckResult:
    """A check on a random outcome with these runs, in the words that it has."""
    spec = CheckSpec(f"{gate.task}.{gate.measure}", gate.task, points, ASKED[gate.task], "3f9c1e07ab52")
    verdict = Verdict()
    try:
        hold(values, gate, verdict, words, profile, at, **more)
    except Ending as ending:
        return spec.result(verdict, ending)
    return spec.result(verdict, None)


def _of(one: CheckResult) -> TaskResult:
    return task(one.task, one.outcome, one.points, one.max_points, one)


def random(name: str = "group-31", **more: Any) -> Result:
    """A full check: 2C falls short for a reason that is seen, 3A earns a part, denoising gains too little."""
    tasks = (
        _of(held((0.9611, 0.963, 0.9619), MLP_GATE, 0.6, where(7, 12))),
        _of(held((0.9843, 0.9851, 0.9838), CNN_GATE, 0.7, where(15, 4))),
        _of(held((0.031, 0.022, 0.041), GAIN_GATE, 0.3, where(21, 2), GAIN)),
    )
    facts: dict[str, Any] = {
        "tasks": (*tasks, task("3B", Outcome.MANUAL, None, 0)),
        "models": (mlp(),),
        "claims": (
            Claim(name="2C validation accuracy", claimed=0.9702, measured=0.962, where=where(7, 12)),
            Claim(
                name="3A validation accuracy", claimed=0.9995, measured=0.9844, where=where(15), contradicted=True
            ),
        ),
        "findings": (
            Finding(
                code="contradicted-number", task="2C", where=where(7, 12), message="The saved output says 0.9702."
            ),
            Finding(
                code="too-few-epochs", task="2C", where=where(7, 14),
                message="The network trains for 2 epochs; the assignment asks for 10.",
            ),
            Finding(
                code="not-rescaled", task="1", where=where(21, 2),
                message="The images reach the network with values up to 255; divide them by 255.",
            ),
        ),
        "errors": (),
    }  # fmt: skip
    return typical(name, **(facts | more))


def lucky(name: str = "group-32", **more: Any) -> Result:
    """A full check: all passes, one below what is asked, one as the assignment's own training."""
    tasks = (
        _of(held((0.9691, 0.9695, 0.9688), MLP_GATE, 0.6, where(7, 12))),
        _of(held((0.9911,), CNN_GATE, 0.7, where(15, 4))),
        _of(held((0.16,), GAIN_GATE, 0.3, where(21, 2), GAIN, own=True)),
    )
    facts: dict[str, Any] = {"tasks": tasks, "models": (mlp(),), "errors": (), "findings": ()}
    return typical(name, **(facts | more))


def quick(name: str = "group-33", **more: Any) -> Result:
    """A quick check, with each of the three forecasts."""
    tasks = (
        _of(held((0.9702,), MLP_GATE.model_copy(update={"runs": 1}), 0.6, where(7, 12), profile="quick")),
        _of(held((0.9882,), CNN_GATE.model_copy(update={"most": 2}), 0.7, where(15, 4), profile="quick")),
        _of(held((0.031,), GAIN_GATE, 0.3, where(21, 2), GAIN, profile="quick")),
    )
    facts: dict[str, Any] = {
        "tasks": tasks, "models": (mlp(curves=(curve(0, 10, 0.86, 0.9702),)),), "errors": (), "findings": (),
        "profile": "quick",
    }  # fmt: skip
    return typical(name, **(facts | more))
