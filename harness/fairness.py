"""How often correct solutions are failed, measured: fresh runs of the references, held against the gates.

Each imagined hand-in is the reference with seeds that calibration never saw, judged as a hand-in is (first the runs
that are trained in any case, then one more as long as they do not decide), but without the identity rule, by which
it would pass whatever came out. That none of n fails bounds the rate at some multiple of 1/n (Wilson's interval is
given); that a gate keeps below its alpha is the bound's promise, which tests/unit/test_gates.py simulates.
"""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from harness import provenance
from harness.assignment import Assignment
from harness.calibrated import Profile
from harness.files import write_atomically
from harness.gates import Decision, Gate, decide
from harness.references import CalibrationFailed, Reference, reference
from harness.results import Value
from harness.stats import Interval, wilson_interval
from harness.training.process import Device

if TYPE_CHECKING:
    from harness.bench import DataName
    from harness.progress import Progress

FIRST_SEED = 1_000_000
"""Fresh seeds start here; calibration's at 0."""


class FreshGate(Value):
    """The fresh runs of one gate: of each imagined hand-in its values, in the order in which they were trained."""

    name: str
    gate: Gate
    hand_ins: tuple[tuple[float, ...], ...]

    @property
    def failed(self) -> int:
        """Hand-ins that do not pass."""
        return sum(decide(self.gate, values) is not Decision.PASSED for values in self.hand_ins)

    @property
    def extended(self) -> int:
        """Those that were trained more often than any hand-in is."""
        return sum(len(values) > self.gate.runs for values in self.hand_ins)

    @property
    def below_nominal(self) -> int:
        """Those whose first run lies below the nominal threshold: what a grader without gates would fail."""
        nominal = self.gate.nominal
        return 0 if nominal is None else sum(values[0] < nominal for values in self.hand_ins)

    @property
    def rate(self) -> Interval:
        """Wilson's 95 % interval for the rate at which a correct solution is failed."""
        return wilson_interval(self.failed, len(self.hand_ins))


class FairnessReport(Value):
    """The fresh runs of every accuracy gate of an assignment."""

    assignment: str
    version: str
    dataset: str
    profile: Profile
    gates: tuple[FreshGate, ...]
    provenance: dict[str, Any] = Field(default_factory=dict)


def measure(
    assignment: Assignment, data: DataName, profile: Profile, hand_ins: int, tasks: tuple[str, ...], device: Device,
    progress: Progress,
) -> FairnessReport:  # fmt: skip
    """Train so many imagined hand-ins for the accuracy gate of each task (of `tasks`, where any are named).

    Raises CalibrationFailed where a gate has nothing to hold them against.
    """
    with reference(assignment, data, profile, device) as made:
        name = made.grader.dataset.name
        gates = assignment.gates(name, profile)
        fresh = []
        for task in tasks or tuple(assignment.tasks):
            gate = gates.get(f"{task}.accuracy")
            if gate is not None:
                values = _trained(made, gate, hand_ins, progress)
                fresh.append(FreshGate(name=f"{task}.accuracy", gate=gate, hand_ins=values))
        chosen = "".join(f" --task {task}" for task in tasks)
        return FairnessReport(
            assignment=assignment.id,
            version=assignment.version,
            dataset=name,
            profile=profile,
            gates=tuple(fresh),
            provenance={
                "command": f"harness fairness {assignment.id} --data {name} --profile {profile} "
                f"--hand-ins {hand_ins}{chosen}",
                "time": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
                "machine": provenance.machine(),
                "trainer": made.grader.trainer.describe(),
                "commit": provenance.commit(),
            },
        )


def _trained(made: Reference, gate: Gate, count: int, progress: Progress) -> tuple[tuple[float, ...], ...]:
    if not gate.known:
        raise CalibrationFailed(f"{gate.task}.{gate.measure} is not calibrated on {made.grader.dataset.name}")
    network = made.networks(gate.task).get("")
    if network is None:
        raise CalibrationFailed(f"the reference has no network for task {gate.task}")
    prepared = made.prepared(gate.task, network)
    hand_ins = []
    for number in range(count):
        progress.stage("reference", gate.task, f"hand-in {number + 1} of {count}")
        seeds = iter(range(FIRST_SEED + number * gate.most, FIRST_SEED + (number + 1) * gate.most))
        values = [made.accuracy(prepared, next(seeds)).value for _ in range(gate.runs)]
        while decide(gate, values) is Decision.OPEN:
            values.append(made.accuracy(prepared, next(seeds)).value)
        hand_ins.append(tuple(values))
    return tuple(hand_ins)


def write(report: FairnessReport, path: Path) -> None:
    """Write the report as JSON, raw values and all."""
    write_atomically(path, report.model_dump_json(indent=1).encode() + b"\n")
