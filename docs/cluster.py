"""The tables of docs/cluster.md: what a class costs, measured, and on paper for classes that nobody has.

    python docs/class_of.py --hand-ins 25 50 100 200
    python docs/cluster.py

The measured inputs are `docs/measured/class-digits.json`, the seconds of the table "speed" of `docs/performance.md`
and what the references take (`reference/dat405_a7/calibration/cost.json`). The class is that of
`tests/generated_class.py`, of which any size can be counted without grading it. Time is told as `harness plan`
tells it: operations of each different training by the rate of its kind.
"""

from __future__ import annotations

import json
import math
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from tables import put

from harness.assignment import Assignment, load
from harness.calibrated import Profile
from harness.models import LayerSpec
from harness.store import DEFAULT_LIMIT
from harness.text import size
from harness.training.cost import BACKWARD, ReferenceCost, operations

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
from generated_class import Choice, choose

HERE = Path(__file__).parent
PAGE = HERE / "cluster.md"
MNIST = 60_000  # training images
CORES = 2  # of the machine on which docs/performance.md was measured
WORKSTATION = 16  # cores
CLASSES = (100, 1_000, 100_000)
SEED = 1
ASSIGNMENT = "dat405_a7"
REPORT_A = "conv32-3 conv64-3 pool3 drop0.4 flatten dense64"
REPORT_B = "conv32-3 pool2 flatten"
REPORT_C = "conv32-3 pool2 conv64-5 pool2 flatten dense128"
GOOD = "conv16-5 pool2 conv32-5 pool2 flatten drop0.4 dense128 drop0.3"
TIMED = "conv32-3 conv64-3 pool2 flatten dense128"
"""The convolutional network of tests/benchmarks/bench_training.py."""
ALL = ("2C", "2D", "3A", "4A")
HANDED_IN: Mapping[str, tuple[tuple[str, ...], str]] = {
    "good_notebook": (ALL, ""),
    "good_notebook_2023": (ALL[:3], GOOD),
    "good_contract": (ALL, GOOD),
    "report_a": (ALL, REPORT_A),
    "report_b": (ALL, REPORT_B),
    "report_c": (ALL, REPORT_C),
    "mistake_noise_level_unused": (ALL, GOOD),
    "mistake_retrained_per_level": (ALL, GOOD),
    "unsolved_template": (ALL[:1], ""),
    "report_pdf_only": ((), ""),
    "link": ((), ""),
}
"""The tasks that each base trains networks for, and its own convolutional network; the others train for the first
two, and of planted mistakes and dialects the first is counted."""


@dataclass(frozen=True)
class Training:
    """A training as a key that equal ones share, whether it has convolutions, and its operations."""

    key: tuple[Any, ...]
    convolutional: bool
    operations: float


@dataclass(frozen=True)
class Counted:
    """The trainings of a class: how many are asked for, and the different ones."""

    hand_ins: int
    asked: int
    distinct: frozenset[Training]

    def work(self, convolutional: bool) -> float:
        """Operations of the different ones of a kind."""
        return sum(one.operations for one in self.distinct if one.convolutional == convolutional)


def main() -> None:
    measured = json.loads((HERE / "measured" / "class-digits.json").read_text(encoding="utf-8"))["sizes"]
    sizes = [measured[name] | {"hand_ins": int(name)} for name in sorted(measured, key=int)]
    rates = rates_of((HERE / "performance.md").read_text(encoding="utf-8"))
    page = PAGE.read_text(encoding="utf-8")
    page = put(page, "measured", measured_table(sizes))
    page = put(page, "growth", growth(sizes))
    page = put(page, "paper", paper_table(sizes, rates))
    page = put(page, "targets", targets(sizes[-1], rates))
    PAGE.write_text(page, encoding="utf-8")


# --- what a class trains


def counted(hand_ins: int, profile: Profile, scaled: bool = False) -> Counted:
    """The trainings of the first so many groups. `scaled`: on digits, where all networks of a task are trained for
    as many epochs."""
    assignment = load(ASSIGNMENT)
    asked = 0
    distinct: set[Training] = set()
    for number in range(1, hand_ins + 1):
        mine = trainings(choose(number, SEED), assignment, profile, scaled)
        asked += len(mine)
        distinct |= mine
    return Counted(hand_ins, asked, frozenset(distinct))


def trainings(choice: Choice, assignment: Assignment, profile: Profile, scaled: bool) -> frozenset[Training]:
    """What one group's hand-in is trained for."""
    usual = ALL[:1] if "/" in choice.base else ALL[:2]
    tasks, own = HANDED_IN.get(choice.base, (usual, ""))
    seeds = assignment.profile(profile).seeds
    made: set[Training] = set()
    for task in tasks:
        cost = costs_of(assignment)[task]
        if task == "2C":
            made |= alike(task, cost, (choice.other,), seeds)
        elif task == "2D":
            made |= alike(task, cost, values(choice.factors), assignment.profile(profile).sweep_replicates)
        elif task == "4A":
            made |= alike(task, cost, ("",), 1)  # a denoiser is trained once, where its run decides
        else:
            network, epochs = (own, cost.epochs) if own else (choice.network, choice.epochs)
            once = (1 + BACKWARD) * forward(network) * MNIST
            made.add(Training((task, network, 0 if scaled else epochs), True, once * epochs))
    return frozenset(made)


@cache
def alike(task: str, cost: ReferenceCost, settings: tuple[Any, ...], seeds: int) -> frozenset[Training]:
    """A task's dense network with each of these settings, with so many seeds."""
    work = cost.work(MNIST).operations
    return frozenset(Training((task, one, seed), False, work) for one in settings for seed in range(seeds))


@cache
def costs_of(assignment: Assignment) -> Mapping[str, ReferenceCost]:
    """What the references take."""
    costs = assignment.costs()
    if costs is None:
        raise SystemExit(f"{assignment.folder} has no calibration/cost.json: harness calibrate --costs-only")
    return costs.tasks


@cache
def values(written: str) -> tuple[float, ...]:
    """The factors of 2D from the way in which numpy is asked for them, to nine digits."""
    name, arguments = re.fullmatch(r"np\.(\w+)\(\[?(.*?)\]?\)", written).groups()  # type: ignore[union-attr]
    numbers = [float(one) for one in arguments.split(", ")]
    made = numbers if name == "array" else getattr(np, name)(*numbers[:2], int(numbers[2]))
    return tuple(float(f"{one:.9g}") for one in made)


@cache
def forward(network: str) -> float:
    """Operations of a forward pass of a convolutional network, as `generated_class` writes it, for one image."""
    shape: tuple[int, ...] = (28, 28, 1)
    total = 0.0
    for layer in [*network.split(), "dense10"]:
        kind, first, second = re.fullmatch(r"([a-z]+)([\d.]*)-?(\d*)", layer).groups()  # type: ignore[union-attr]
        if kind == "drop":
            continue
        before, arguments = shape, {}
        if kind == "conv":
            side = int(second)
            shape = (before[0] - side + 1, before[1] - side + 1, int(first))
            name, arguments = "Conv2D", {"kernel_size": [side, side], "filters": int(first)}
        elif kind == "pool":
            side = int(first)
            shape = (before[0] // side, before[1] // side, before[2])
            name, arguments = "MaxPooling2D", {"pool_size": [side, side]}
        elif kind == "flatten":
            name, shape = "Flatten", (math.prod(before),)
        else:
            name, shape = "Dense", (int(first),)
        total += operations(LayerSpec(class_name=name, arguments=arguments), [before], shape)
    return total


def rates_of(page: str) -> dict[bool, float]:
    """Operations a second of dense and of convolutional (True) networks on the machine of docs/performance.md, as
    `harness plan` counts them, from the seconds of its table."""
    table = page.split("<!-- speed -->")[1].split("<!-- /speed -->")[0]
    cells = [[cell.strip() for cell in line.split("|")] for line in table.splitlines()]
    seconds = {row[1]: float(row[4]) for row in cells if len(row) > 6 and re.fullmatch(r"[\d.]+", row[4])}
    costs = costs_of(load(ASSIGNMENT))
    sweep = 15 * costs["2D"].work(MNIST, epochs=2).operations
    conv = (1 + BACKWARD) * forward(TIMED) * MNIST
    return {
        False: sweep / seconds["sweep of 15, 500-300 with L2, 2 epochs"],
        True: conv / seconds["conv32-conv64-pool-dense, 1 epoch"],
    }


def training_hours(class_: Counted, rates: Mapping[bool, float]) -> float:
    """Hours on the machine whose rates these are."""
    return sum(class_.work(kind) / rate for kind, rate in rates.items()) / 3600


# --- tables


def rest(one: Mapping[str, Any]) -> float:
    """Seconds of one process that a hand-in took besides training: recording, looking, measuring, replay, checks,
    pages."""
    return float(sum(one["stages"].values()) / one["hand_ins"])


def measured_table(sizes: Sequence[Mapping[str, Any]]) -> list[str]:
    """One row a size."""
    machine = sizes[-1]["machine"]
    rows = [
        f"Machine: {machine['processor']}, {machine['cores']} cores, {sizes[-1]['jobs']} processes; "
        f"{sizes[-1]['date']}, commit {sizes[-1]['commit']}.",
        "",
        "| hand-ins | wall min | wall s each | processor s each | trainings asked | trained | trained again | "
        "counted on paper | training s | again: wall s each | faults of ours | load before |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for one in sizes:
        count = one["hand_ins"]
        paper = counted(count, "quick", scaled=True)
        again = f"{one['again']['wall'] / count:.1f}" if one["again"] else "–"
        rows.append(
            f"| {count} | {one['wall'] / 60:.1f} | {one['wall'] / count:.1f} | {one['processor'] / count:.1f} "
            f"| {one['asked']} | {one['trained']} | {1 - one['trained'] / one['asked']:.0%} "
            f"| {len(paper.distinct)} of {paper.asked} | {one['training']:,.0f} "
            f"| {again} | {one['faults']} | {one['machine']['load_before']} |"
        )
    stages = list(dict.fromkeys(stage for one in sizes for stage in one["stages"]))
    rows += ["", f"| hand-ins | {' | '.join(f'{stage} s each' for stage in stages)} | class page s |"]
    rows.append("|---" * (len(stages) + 2) + "|")
    for one in sizes:
        cells = [f"{one['stages'].get(stage, 0) / one['hand_ins']:.2f}" for stage in stages]
        rows.append(f"| {one['hand_ins']} | {' | '.join(cells)} | {one['class_page']:.1f} |")
    return rows


def growth(sizes: Sequence[Mapping[str, Any]]) -> list[str]:
    """By how much the smallest and the largest size differ."""
    small, large = sizes[0], sizes[-1]
    times = large["hand_ins"] / small["hand_ins"]
    return [
        f"From {small['hand_ins']} to {large['hand_ins']} hand-ins, {times:.1f} times as many, trainings grow "
        f"{large['trained'] / small['trained']:.1f} times, their seconds "
        f"{large['training'] / small['training']:.1f} times, and wall time "
        f"{large['wall'] / small['wall']:.1f} times."
    ]


def class_page_seconds(sizes: Sequence[Mapping[str, Any]], hand_ins: int) -> float:
    """Seconds that comparing and drawing take for so many: a part that is always the same, and one that grows with
    the pairs, by the smallest and the largest class that was measured; all of it the latter where that is one."""
    small, large = sizes[0], sizes[-1]
    pairs = large["hand_ins"] ** 2 - (small["hand_ins"] ** 2 if len(sizes) > 1 else 0)
    each = max(large["class_page"] - (small["class_page"] if len(sizes) > 1 else 0.0), 0.0) / pairs
    return float(large["class_page"] + each * (hand_ins**2 - large["hand_ins"] ** 2))


def paper_table(sizes: Sequence[Mapping[str, Any]], rates: Mapping[bool, float]) -> list[str]:
    """A class in full on MNIST at sizes that nobody has graded."""
    measured = sizes[-1]
    rows = [
        "| hand-ins | trainings asked | different | cache hit rate | training h | the rest h | core s each "
        "| class page | results | cache, without its limit | next bottleneck |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    count = measured["hand_ins"]
    for hand_ins in CLASSES:
        class_ = counted(hand_ins, "full")
        train = training_hours(class_, rates)
        others = hand_ins * rest(measured) / CORES / 3600
        page = max(class_page_seconds(sizes, hand_ins), 0.0) / 3600
        cache = measured["store"]["bytes"] / count * hand_ins
        longest = {
            "training": train,
            "recording, measuring and replaying": others,
            "comparing hand-ins in pairs": page,
        }
        bottleneck = max(longest, key=lambda name: longest[name])
        rows.append(
            f"| {hand_ins:,} | {class_.asked:,} | {len(class_.distinct):,} "
            f"| {1 - len(class_.distinct) / class_.asked:.0%} | {train:,.1f} | {others:,.1f} "
            f"| {(train + others) * 3600 * CORES / hand_ins:,.0f} | {hours(page)} "
            f"| {size(int(measured['bytes']['results'] / count * hand_ins))} "
            f"| {size(int(cache))}{' (over it)' if cache > DEFAULT_LIMIT else ''} | {bottleneck} |"
        )
    return rows


def targets(measured: Mapping[str, Any], rates: Mapping[bool, float]) -> list[str]:
    """120 hand-ins in full on MNIST."""
    class_ = counted(120, "full")
    train = training_hours(class_, rates)
    others = 120 * rest(measured) / 3600
    night = train * CORES / WORKSTATION + others / WORKSTATION
    work = {kind: class_.work(kind) for kind in rates}
    left = 3600 * (1 - others / WORKSTATION)
    needed = f"{sum(work.values()) / left / 1e12:.2f} trillion a second" if left > 0 else "there is no time left"
    rows = {
        "different trainings, of those asked for": (
            f"{len(class_.distinct)} of {class_.asked}",
            "counted in the made-up class",
        ),
        "their operations, of dense and of convolutional networks": (
            f"{work[False]:.2g} and {work[True]:.2g}",
            "computed",
        ),
        f"operations a second of both, {CORES} cores": (
            f"{rates[False] / 1e9:.0f} and {rates[True] / 1e9:.0f} billion",
            "**measured** ([performance.md](performance.md))",
        ),
        f"training, {CORES} cores": (f"{train:.1f} h", "computed from the three above"),
        "the rest, one process": (f"{others:.1f} h", "**measured** on digits, quick; MNIST in full takes more"),
        f"all, {WORKSTATION} cores (target: a night, 12 h)": (
            f"{night:.1f} h",
            f"estimated: {WORKSTATION} cores do {WORKSTATION // CORES} times what {CORES} do",
        ),
        "the same, where cores that share memory do half of that": (f"{2 * night:.1f} h", "estimated"),
        f"operations that a GPU beside {WORKSTATION} cores needs for all in an hour": (
            needed,
            "computed; no GPU was measured",
        ),
    }
    cells = [f"| {name} | {value} | {how} |" for name, (value, how) in rows.items()]
    return ["| figure | value | how it is known |", "|---|---|---|", *cells]


def hours(value: float) -> str:
    """40 s · 12 min · 3.5 h"""
    if value < 1 / 60:
        return f"{value * 3600:.0f} s"
    return f"{value * 60:.0f} min" if value < 1 else f"{value:,.1f} h"


if __name__ == "__main__":
    main()
