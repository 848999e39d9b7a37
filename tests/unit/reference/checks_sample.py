"""A hand-in of dat405_a7 on which all checks pass, with one thing changed, and what they say of it: for tests."""

from __future__ import annotations

from typing import Any

from evidence import (
    FACTORS,
    NOT_ATTEMPTED,
    NOT_MEASURED,
    autoencoder,
    chain,
    complete,
    denoising,
    dense,
    fit,
    image_input,
    images,
    layer,
    layer_facts,
    mlp,
    model_facts,
    network,
    sweep,
)

from harness.assignment import load
from harness.evidence import Network, Unmeasured
from harness.plugin import run_checks
from harness.results import Cause, CheckResult, LayerFacts

ASSIGNMENT = load("dat405_a7")
NOTHING, UNTOLD = NOT_ATTEMPTED, NOT_MEASURED  # short, for the tables of outcomes

POOR = {"denoised": (0.97, 0.95, 0.7, 0.5, 0.3, 0.1)}
LITTLE = denoising(mean_gain=(0.1, 0.09, 0.11), **POOR)
"""Less than the 0.15 that are accepted, on images that are told less well than the 0.6 that are accepted."""

CLEAN = {"shape": (60_000, 784)}
BROKEN_AE = {"denoising": None, "generation": None}
L2, NONE = ("kernel L2 0.0001",), ()

Changes = dict[str, Any]
"""What is changed in the evidence on the complete hand-in, as `evidence.complete` takes it."""


def results(**changes: Any) -> dict[str, CheckResult]:
    """What each check comes to."""
    return {result.id: result for result in run_checks(ASSIGNMENT, complete(ASSIGNMENT, **changes))}


def with_dense(
    *units: int,
    activations: tuple[str, ...] = ("relu", "relu", "softmax"),
    more: tuple[LayerFacts, ...] = (),
) -> Changes:
    made = [layer_facts("Dense", size, name, params=1) for size, name in zip(units, activations, strict=True)]
    return {"mlp": mlp(facts=model_facts((layer_facts("Flatten"), *made, *more)))}


def with_loss(name: str | None, error: float | None) -> Changes:
    made = network(fit(), model_facts(cross_entropy_error=error), loss=(name, {}) if name else None)
    return {"mlp": made}


def why(name: str, reason: str, cause: Cause | None = None) -> dict[str, Unmeasured]:
    """Why the measurement `name` was not made."""
    return {name: Unmeasured(reason=reason, cause=cause)}


def failing() -> Network:
    """A fit that raises, as far as it is known without training."""
    problem = "the fit fails: ValueError: shapes differ"
    record = fit(error="ValueError: shapes differ")
    return network(record, accuracies=(), problem=problem, cause=Cause.ERROR_IN_SUBMISSION)


def ae_fit(**changes: Any) -> Changes:
    """The autoencoder with other fields of its recorded fit."""
    right = autoencoder()
    return {"autoencoder": Network(right.record.model_copy(update=changes), right.evidence)}


def beginning_with(name: str, **config: Any) -> Changes:
    """The autoencoder on clean images, with a layer before its own."""
    weights = dense(784).model_copy(update={"params": 9})
    record = autoencoder(x=images(**CLEAN)).record
    graph = chain(image_input(784), layer(name, config), weights)
    return {"autoencoder": Network(record.model_copy(update=graph), autoencoder().evidence)}


def swept(**changes: Any) -> Changes:
    return {"sweep": sweep(**changes)}


def continued() -> Changes:
    """One network a factor, made outside the inner loop and trained three times."""
    made = []
    for place, factor in enumerate(FACTORS):
        names = [f"f{place}-{number}" for number in range(3)]
        for number, name in enumerate(names):
            made += sweep((factor,), 1, id=name, previous=tuple(names[:number]))
    return {"sweep": tuple(made)}
