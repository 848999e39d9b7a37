"""The figures of the report behind nn_hw5 beside figures measured here, for docs/reproduction.md.

    python docs/reproduce_nn_hw5.py --data mnist fashion_mnist --seeds 5 --profile full

The report names neither its data set nor what "uniform noise of intensity P" is. So the reference is trained on
each data set, and each plausible reading of the noise is tried on the first ten test images, of which the report
gives the lowest and the highest loss. Trained runs are kept in the harness's cache: a run that was stopped goes on
where it was. The raw figures go to docs/measured/, a file a data set and profile; the tables are printed from all
that lie there.
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from harness import provenance
from harness.assignment import load
from harness.measure.codes import codes_of
from harness.references import reference
from harness.stats import mean_interval
from harness.training.trained import Network

OUT = Path(__file__).parent / "measured"
REPORTED = {0.1: (0.0034, 0.0123), 0.2: (0.0059, 0.0207), 0.3: (0.0118, 0.0306)}
"""Lowest and highest reconstruction loss of ten images, by P."""
ACCURACIES = {"codes": 0.89, "pixels": 0.87}
IMAGES = 10
COMMAND = "python docs/reproduce_nn_hw5.py"


def _clip(images: np.ndarray) -> np.ndarray:
    return np.clip(images, 0, 1)


READINGS: dict[str, Callable[[np.ndarray, float, np.random.Generator], np.ndarray]] = {
    "added, −P to P, clipped": lambda x, p, rng: _clip(x + rng.uniform(-p, p, x.shape)),
    "added, −P to P, not clipped": lambda x, p, rng: x + rng.uniform(-p, p, x.shape),
    "added, 0 to P, clipped": lambda x, p, rng: _clip(x + rng.uniform(0, p, x.shape)),
    "added, −P/2 to P/2, clipped": lambda x, p, rng: _clip(x + rng.uniform(-p / 2, p / 2, x.shape)),
    "P times 0 to 1 mixed in": lambda x, p, rng: (1 - p) * x + p * rng.uniform(0, 1, x.shape),
    "a share P of the pixels replaced by 0 to 1": lambda x, p, rng: np.where(
        rng.uniform(size=x.shape) < p, rng.uniform(0, 1, x.shape), x
    ),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", nargs="+", default=["mnist", "fashion_mnist"])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--profile", default="full", choices=("quick", "full"))
    parser.add_argument("--device", default="auto", choices=("auto", "cpu", "gpu"))
    given = parser.parse_args()
    for data in given.data:
        path = OUT / f"nn_hw5-{data}-{given.profile}.json"
        path.write_text(json.dumps(measured(data, given), indent=1) + "\n", encoding="utf-8")
    for path in sorted(OUT.glob("nn_hw5-*.json")):
        print("\n".join(tables(json.loads(path.read_text(encoding="utf-8")))))


def measured(data: str, given: argparse.Namespace) -> dict[str, Any]:
    """Losses and accuracies by seed on one data set."""
    assignment = load("nn_hw5")
    spec = assignment.measurements.codes
    losses: dict[str, dict[str, list[list[float]]]] = {name: {} for name in READINGS}
    with reference(assignment, data, given.profile, given.device) as made:
        network = made.networks(spec.autoencoder)[""]
        prepared = made.prepared(spec.autoencoder, network)
        clean = made.grader.dataset.x_test[:IMAGES].reshape(IMAGES, -1).astype(np.float32) / 255
        training, validation = [], []
        for seed in range(given.seeds):
            trained = made.trained(spec.autoencoder, network, prepared, seed).weighted
            curve = made.grader.run(prepared, seed, lambda _epoch, _of: None).curve
            training.append(curve.loss[-1])
            validation.append(curve.val_loss[-1])
            rebuilt = Network.of(trained.recipe, list(trained.weights))
            for name, noisy in READINGS.items():
                for level in (0.05, 0.1, 0.2, 0.3, 0.4):
                    rng = np.random.default_rng([seed, round(100 * level)])
                    denoised = rebuilt.reconstruct(noisy(clean, level, rng).astype(np.float32))
                    own = ((denoised - clean) ** 2).mean(axis=1)
                    losses[name].setdefault(f"{level:g}", []).append([round(float(one), 6) for one in own])
        _, _, plan = made.codes(spec, tuple(range(given.seeds)))
        compared = codes_of(made.grader, plan, lambda _epoch, _of: None)
        return {
            "data": data,
            "profile": given.profile,
            "seeds": given.seeds,
            "epochs": prepared.recipe.epochs,
            "losses": losses,
            "training_loss": training,
            "validation_loss": validation,
            "codes": compared.codes,
            "pixels": compared.pixels,
            "provenance": {
                "command": f"{COMMAND} --data {data} --seeds {given.seeds} --profile {given.profile}",
                "machine": provenance.machine(),
                "trainer": made.grader.trainer.describe(prepared.recipe),
                "commit": provenance.commit(),
            },
        }  # fmt: skip


def tables(found: dict[str, Any]) -> Iterator[str]:
    """The figures of a file beside the report's, as Markdown."""
    yield f"\n**{found['data']}**, {found['profile']}: {found['epochs']} epochs, {found['seeds']} seeds.\n"
    reported = " | ".join(f"P {level:g}: {low:.4f} – {high:.4f}" for level, (low, high) in REPORTED.items())
    yield f"| uniform noise is | {reported} |"
    yield "|---" * (1 + len(REPORTED)) + "|"
    for name, by_level in found["losses"].items():
        cells = []
        for level in REPORTED:
            runs = by_level[f"{level:g}"]
            low, high = (statistics.mean(end(run) for run in runs) for end in (min, max))
            cells.append(f"{low:.4f} – {high:.4f}")
        yield f"| {name} | " + " | ".join(cells) + " |"
    yield "\n| figure | reported | measured here | n |\n|---|---|---|---|"
    for name, figure in ACCURACIES.items():
        values = found[name]
        spread = f" ± {statistics.stdev(values):.4f}" if len(values) > 1 else ""
        yield f"| accuracy on {name} | {figure} | {statistics.mean(values):.4f}{spread} | {len(values)} |"
    pairs = [one - other for one, other in zip(found["codes"], found["pixels"], strict=True)]
    if len(pairs) > 2:
        interval = mean_interval(pairs)
        yield (
            f"| codes less pixels | 0.02 | {statistics.mean(pairs):+.4f}, 95 % interval {interval.low:+.4f} to "
            f"{interval.high:+.4f} | {len(pairs)} |"
        )
    yield (
        f"| training and validation loss, last epoch | validation below training | "
        f"{statistics.mean(found['training_loss']):.5f} and {statistics.mean(found['validation_loss']):.5f} | "
        f"{found['seeds']} |"
    )


if __name__ == "__main__":
    main()
