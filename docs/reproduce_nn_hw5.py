"""The figures of the report behind nn_hw5 beside figures measured here, for docs/reproduction.md.

    python docs/reproduce_nn_hw5.py noise --data fashion_mnist --epochs 4 16 --seeds 1
    python docs/reproduce_nn_hw5.py codes --data fashion_mnist --epochs 4 --profile quick --seeds 12
    python docs/reproduce_nn_hw5.py tables

The report names neither its data set nor what "uniform noise of intensity P" is, nor which ten images its ranges of
the loss are of. So the reference's autoencoder is trained on a data set, for as many epochs as are asked for (the
assignment has 100), and each plausible reading of the noise is tried on test images: on the first ten, and on tens
that are drawn at random from 2,000 spread over the set. `codes` compares the classifier on codes with the one on
pixels; the profile says for how many epochs it is trained. Trained runs are kept in the harness's cache: what was
stopped goes on where it was. The figures go to docs/measured/nn_hw5-DATA.json, entry by entry; `tables` puts those
of all data sets into docs/reproduction.md.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, get_args

import numpy as np
from tables import put

from harness import provenance
from harness.assignment import load
from harness.calibrated import Profile
from harness.measure.codes import codes_of
from harness.references import Reference, reference
from harness.stats import mean_interval
from harness.training.codes import planned
from harness.training.recipe import Prepared
from harness.training.trained import Network

HERE = Path(__file__).parent
PAGE, MEASURED = HERE / "reproduction.md", HERE / "measured"
REPORTED = {0.1: (0.0034, 0.0123), 0.2: (0.0059, 0.0207), 0.3: (0.0118, 0.0306)}
"""Lowest and highest reconstruction loss of ten images, by P."""
ACCURACIES = {"codes": 0.89, "pixels": 0.87}
SHOWN = 10
SPREAD = 2000
TENS = 20_000
"""Draws of ten images, from which what is to be expected of their lowest and highest loss is told."""

Images = np.ndarray
Noisy = Callable[[Images, float, np.random.Generator], Images]


@dataclass(frozen=True)
class Reading:
    """What "uniform noise of intensity P" may mean, and what the loss is taken against."""

    name: str
    noisy: Noisy
    against_noisy: bool = False


def _clip(images: Images) -> Images:
    return np.clip(images, 0, 1)


def _some(rng: np.random.Generator, x: Images, share: float) -> Images:
    return rng.uniform(size=x.shape) < share


READINGS = (
    Reading("added, −P to P, clipped", lambda x, p, rng: _clip(x + rng.uniform(-p, p, x.shape))),
    Reading("added, −P to P, not clipped", lambda x, p, rng: x + rng.uniform(-p, p, x.shape)),
    Reading("added, −P/2 to P/2, clipped", lambda x, p, rng: _clip(x + rng.uniform(-p / 2, p / 2, x.shape))),
    Reading("added, 0 to P, clipped", lambda x, p, rng: _clip(x + rng.uniform(0, p, x.shape))),
    Reading("added, 0 to P, not clipped", lambda x, p, rng: x + rng.uniform(0, p, x.shape)),
    Reading(
        "added, of standard deviation P, clipped",
        lambda x, p, rng: _clip(x + rng.uniform(-p, p, x.shape) * math.sqrt(3)),
    ),
    Reading("P times 0 to 1, mixed in", lambda x, p, rng: (1 - p) * x + p * rng.uniform(0, 1, x.shape)),
    Reading("times 1 − P to 1 + P, clipped", lambda x, p, rng: _clip(x * rng.uniform(1 - p, 1 + p, x.shape))),
    Reading(
        "a share P of the pixels replaced by 0 to 1",
        lambda x, p, rng: np.where(_some(rng, x, p), rng.uniform(0, 1, x.shape), x),
    ),
    Reading(
        "0 to 1 added to a share P of the pixels, clipped",
        lambda x, p, rng: np.where(_some(rng, x, p), _clip(x + rng.uniform(0, 1, x.shape)), x),
    ),
    Reading(
        "−1 to 1 added to a share P of the pixels, clipped",
        lambda x, p, rng: np.where(_some(rng, x, p), _clip(x + rng.uniform(-1, 1, x.shape)), x),
    ),
    Reading(
        "added, −P to P, clipped; loss against the noisy image",
        lambda x, p, rng: _clip(x + rng.uniform(-p, p, x.shape)),
        against_noisy=True,
    ),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("what", choices=("noise", "codes", "tables"))
    parser.add_argument("--data", choices=("mnist", "fashion_mnist"), default="fashion_mnist")
    parser.add_argument("--epochs", nargs="+", type=int, default=[100], help="of the autoencoder")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--profile", default="full", choices=get_args(Profile), help="of the classifier's training")
    parser.add_argument("--device", default="auto", choices=("auto", "cpu", "gpu"))
    given = parser.parse_args()
    if given.what != "tables":
        with reference(load("nn_hw5"), given.data, given.profile, given.device) as made:
            for epochs in given.epochs:
                entry = _noise(made, epochs, given.seeds) if given.what == "noise" else _codes(made, epochs, given)
                _keep(given.data, given.what, entry)
    found = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(MEASURED.glob("nn_hw5-*.json"))]
    page = PAGE.read_text(encoding="utf-8")
    for name, rows in {
        "noise": noise_table(found),
        "epochs": epochs_table(found),
        "codes": codes_table(found),
    }.items():
        page = put(page, f"nn_hw5-{name}", list(rows))
    PAGE.write_text(page, encoding="utf-8")


# --- measuring


def _keep(data: str, what: str, entry: dict[str, Any]) -> None:
    """Write an entry in the place of the one that is of the same epochs."""
    path = MEASURED / f"nn_hw5-{data}.json"
    kept = (
        json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {"data": data, "noise": [], "codes": []}
    )
    alike = ("epochs", "classifier_epochs")
    others = [one for one in kept[what] if any(one.get(name) != entry.get(name) for name in alike)]
    kept[what] = sorted([*others, entry], key=lambda one: [one.get(name, 0) for name in alike])
    path.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


def _autoencoder(made: Reference, epochs: int) -> tuple[Any, Prepared]:
    """The reference's autoencoder, trained for so many epochs on the batches that the assignment has."""
    network = made.networks("3")[""]
    recipe = made.handed_in(network).model_copy(update={"epochs": epochs})
    return network, replace(made.prepared("3", network), recipe=recipe)


def _about(made: Reference, prepared: Prepared) -> dict[str, Any]:
    return {
        "machine": provenance.machine(),
        "trainer": made.grader.trainer.describe(prepared.recipe),
        "commit": provenance.commit(),
    }


def _noise(made: Reference, epochs: int, seeds: int) -> dict[str, Any]:
    """Losses by reading, and the curves, of the autoencoder after so many epochs."""
    network, prepared = _autoencoder(made, epochs)
    images = made.grader.dataset.x_test.reshape(-1, 784).astype(np.float32) / 255
    first, spread = images[:SHOWN], images[:: len(images) // SPREAD]
    curves, losses = [], {one.name: {f"{p:g}": [] for p in REPORTED} for one in READINGS}
    for seed in range(seeds):
        trained = made.trained("3", network, prepared, seed).weighted
        curve = made.grader.run(prepared, seed, lambda _epoch, _of: None).curve
        curves.append({"loss": curve.loss[-1], "val_loss": curve.val_loss[-1]})
        rebuilt = Network.of(trained.recipe, list(trained.weights))
        for reading in READINGS:
            for level in REPORTED:
                rng = np.random.default_rng([seed, round(100 * level)])
                shown, many = (_losses(rebuilt, reading, one, level, rng) for one in (first, spread))
                told = {"first": [round(float(one), 6) for one in shown], **_of_tens(many, rng)}
                losses[reading.name][f"{level:g}"].append(told)
    return {"epochs": epochs, "seeds": seeds, "curves": curves, "losses": losses, **_about(made, prepared)}


def _losses(network: Network, reading: Reading, images: Images, level: float, rng: np.random.Generator) -> Images:
    """The mean squared error of each image, (n,)."""
    noisy = reading.noisy(images, level, rng).astype(np.float32)
    wanted = noisy if reading.against_noisy else images
    own: Images = ((network.reconstruct(noisy) - wanted) ** 2).mean(axis=1)
    return own


def _of_tens(losses: Images, rng: np.random.Generator) -> dict[str, list[float]]:
    """Of ten images drawn at random: 2.5 %, median and 97.5 % of their lowest and of their highest loss."""
    tens = losses[rng.integers(0, len(losses), (TENS, SHOWN))]
    ends = {"lowest": tens.min(axis=1), "highest": tens.max(axis=1)}
    return {
        name: [round(float(one), 6) for one in np.quantile(end, (0.025, 0.5, 0.975))] for name, end in ends.items()
    }


def _codes(made: Reference, epochs: int, given: argparse.Namespace) -> dict[str, Any]:
    """Accuracies by seed of the classifier on codes, of an autoencoder of so many epochs, and on pixels."""
    classifier = made.networks("5")[""]
    telling = made.prepared("5", classifier)
    plan = planned(*_autoencoder(made, epochs), classifier, telling, tuple(range(given.seeds)))
    compared = codes_of(made.grader, plan, lambda _epoch, _of: None)
    return {
        "epochs": epochs,
        "classifier_epochs": telling.recipe.epochs,
        "seeds": given.seeds,
        "codes": compared.codes,
        "pixels": compared.pixels,
        **_about(made, telling),
    }


# --- telling


def _ends(entry: dict[str, Any], reading: str, level: float) -> tuple[list[float], list[float]]:
    """Quantiles of the lowest and of the highest loss of ten, mean over seeds."""
    runs = entry["losses"][reading][f"{level:g}"]
    lowest, highest = (np.mean([run[end] for run in runs], axis=0).tolist() for end in ("lowest", "highest"))
    return lowest, highest


def _off(entry: dict[str, Any], reading: str) -> float:
    """The factor by which lowest and highest losses lie off the reported ones, geometric mean over all P."""
    logs = [
        abs(math.log(end[1] / told))
        for level, reported in REPORTED.items()
        for end, told in zip(_ends(entry, reading, level), reported, strict=True)
    ]
    return math.exp(statistics.mean(logs))


def _agreeing(entry: dict[str, Any], reading: str) -> int:
    """How many of the reported figures lie where 95 % of tens have theirs."""
    return sum(
        end[0] <= told <= end[2]
        for level, reported in REPORTED.items()
        for end, told in zip(_ends(entry, reading, level), reported, strict=True)
    )


def _longest(found: dict[str, Any]) -> dict[str, Any]:
    entry: dict[str, Any] = found["noise"][-1]
    return entry


def noise_table(found: list[dict[str, Any]]) -> Iterator[str]:
    """Each data set and reading, after the most epochs that were trained: nearest to the report first."""
    rows = [
        (_off(_longest(one), reading.name), one, reading.name)
        for one in found
        if one["noise"]
        for reading in READINGS
    ]
    heads = [f"P {level:g}" for level in REPORTED]
    yield "| data, epochs | uniform noise is | " + " | ".join(heads) + " | off by a factor of | agree |"
    yield "|---|---|" + "---|" * (len(heads) + 2)
    told = " | ".join(f"{low:.4f} – {high:.4f}" for low, high in REPORTED.values())
    yield f"| **reported** | – | {told} | – | – |"
    for off, one, reading in sorted(rows, key=lambda row: row[0]):
        entry = _longest(one)
        cells = []
        for level in REPORTED:
            lowest, highest = _ends(entry, reading, level)
            cells.append(f"{lowest[1]:.4f} – {highest[1]:.4f}")
        agree = f"{_agreeing(entry, reading)} of {2 * len(REPORTED)}"
        yield f"| {one['data']}, {entry['epochs']} | {reading} | {' | '.join(cells)} | {off:.2f} | {agree} |"


def epochs_table(found: list[dict[str, Any]]) -> Iterator[str]:
    """How the losses go with the epochs, by the reading that is nearest to the report on each data set."""
    heads = [f"P {level:g}" for level in REPORTED]
    yield (
        "| data | uniform noise is | epochs | training loss | validation loss | " + " | ".join(heads) + " | agree |"
    )
    yield "|---|---|---|---|---|" + "---|" * (len(heads) + 1)
    for one in found:
        if not one["noise"]:
            continue
        longest = _longest(one)
        nearest = min((reading.name for reading in READINGS), key=lambda name: _off(longest, name))
        for name in dict.fromkeys((READINGS[0].name, nearest)):
            for entry in one["noise"]:
                cells = [" – ".join(f"{end[1]:.4f}" for end in _ends(entry, name, level)) for level in REPORTED]
                loss, val_loss = (
                    statistics.mean(curve[kind] for curve in entry["curves"]) for kind in ("loss", "val_loss")
                )
                agree = f"{_agreeing(entry, name)} of {2 * len(REPORTED)}"
                yield (
                    f"| {one['data']} | {name} | {entry['epochs']} | {loss:.5f} | {val_loss:.5f} | "
                    f"{' | '.join(cells)} | {agree} |"
                )


def codes_table(found: list[dict[str, Any]]) -> Iterator[str]:
    """The classifier on codes and on pixels, mean and standard deviation over seeds."""
    yield "| data | epochs: autoencoder, classifier | n | on codes | on pixels | codes less pixels, 95 % interval |"
    yield "|---|---|---|---|---|---|"
    yield f"| **reported** | 100, 100 | – | {ACCURACIES['codes']} | {ACCURACIES['pixels']} | +0.02 |"
    for one in found:
        for entry in one["codes"]:
            pairs = [own - other for own, other in zip(entry["codes"], entry["pixels"], strict=True)]
            told = f"{statistics.mean(pairs):+.4f}"
            if len(pairs) > 2:
                interval = mean_interval(pairs)
                told += f", {interval.low:+.4f} to {interval.high:+.4f}"
            cells = (_spread(entry["codes"]), _spread(entry["pixels"]), told)
            epochs = f"{entry['epochs']}, {entry['classifier_epochs']}"
            yield f"| {one['data']} | {epochs} | {len(pairs)} | {' | '.join(cells)} |"


def _spread(values: list[float]) -> str:
    spread = f" ± {statistics.stdev(values):.4f}" if len(values) > 1 else ""
    return f"{statistics.mean(values):.4f}{spread}"


if __name__ == "__main__":
    main()
