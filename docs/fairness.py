"""Tables of docs/fairness.md, from calibration files and from what was measured:

harness fairness dat405_a7 --task 2C --data D --profile P --out docs/measured/fairness-D-P.json
harness power dat405_a7 --data D --profile P --out docs/measured/power-D-P.json
harness power nn_hw5 --data D --profile P --out docs/measured/power-nn_hw5-D-P.json
python docs/fairness.py
"""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import get_args

from tables import put

from harness.assignment import Assignment, load
from harness.calibrated import Profile
from harness.fairness import FairnessReport
from harness.gates import Gate
from harness.power import PowerReport

HERE = Path(__file__).parent
PAGE, MEASURED = HERE / "fairness.md", HERE / "measured"
DATA = {"dat405_a7": ("mnist", "digits"), "nn_hw5": ("fashion_mnist", "digits")}
HEAD = 2  # lines of a table without rows


def main() -> None:
    assignment, second = load("dat405_a7"), load("nn_hw5")
    page = PAGE.read_text(encoding="utf-8")
    tables = {
        "gates": gates_table(assignment),
        "fresh": fresh_table(),
        "power": power_table(assignment),
        "forecasts": forecasts_table(assignment),
        "nn_hw5-gates": gates_table(second),
        "nn_hw5-power": power_table(second),
    }
    for name, rows in tables.items():
        page = put(page, name, rows if len(rows) > HEAD else ["Not yet measured."])
    PAGE.write_text(page, encoding="utf-8")


def gates_table(assignment: Assignment) -> list[str]:
    """What each gate accepts, and the calibrated runs that it comes from."""
    rows = [
        "| data, profile | gate | rule, runs | calibrated: mean ± sd, lowest, N | asked | accepted |",
        "|---|---|---|---|---|---|",
    ]
    for data in DATA[assignment.id]:
        for profile in get_args(Profile):
            for name, gate in assignment.gates(data, profile).items():
                if gate.reference:
                    cells = (f"{data}, {profile}", name, _rule(gate), _spread(gate), *_bounds(gate))
                    rows.append(f"| {' | '.join(cells)} |")
    return rows


def _rule(gate: Gate) -> str:
    runs = str(gate.runs) if gate.runs == gate.most else f"{gate.runs} to {gate.most}"
    return f"{'best' if gate.rule == 'retry' else 'mean'} of {runs}"


def _spread(gate: Gate) -> str:
    values = gate.reference
    sd = statistics.stdev(values) if len(values) > 1 else 0.0
    return f"{statistics.mean(values):.4f} ± {sd:.4f}, {min(values):.4f}, {len(values)}"


def _bounds(gate: Gate) -> tuple[str, str]:
    asked = "–" if gate.nominal is None else f"{gate.nominal:g}"
    return asked, "–" if gate.accepted is None else f"{gate.accepted:.4f}"


def fresh_table() -> list[str]:
    """How often fresh correct hand-ins were failed."""
    rows = [
        "| data, profile | gate | correct hand-ins | failed | rate: 95 % interval | trained again | first run below"
        " what is asked |",
        "|---|---|---|---|---|---|---|",
    ]
    for path in sorted(MEASURED.glob("fairness-*.json")):
        report = FairnessReport.model_validate_json(path.read_bytes())
        for one in report.gates:
            low, high = one.rate
            below = "–" if one.gate.nominal is None else str(one.below_nominal)
            rows.append(
                f"| {report.dataset}, {report.profile} | {one.name} | {len(one.hand_ins)} | {one.failed} "
                f"| {low:.1%} to {high:.1%} | {one.extended} | {below} |"
            )
    return rows


def power_table(assignment: Assignment) -> list[str]:
    """Which checks of an assignment catch which mutant, by data set and profile."""
    every = [PowerReport.model_validate_json(path.read_bytes()) for path in sorted(MEASURED.glob("power-*.json"))]
    reports = [report for report in every if report.assignment == assignment.id]
    heads = [f"{report.dataset}, {report.profile}" for report in reports]
    rows = ["| task | mistake | " + " | ".join(heads) + " |", "|---|---|" + "---|" * len(reports)]
    caught = [{one.name: one for one in report.mutants} for report in reports]
    mistakes = {one.name: (one.task, one.wrong) for report in reports for one in report.mutants}
    for name, (task, wrong) in sorted(mistakes.items(), key=lambda item: (item[1][0], item[0])):
        cells = []
        for found in caught:
            one = found.get(name)
            if one is None:
                cells.append("–")
            else:
                cells.append(", ".join(catch.said for catch in one.caught) or f"**{one.status}**")
        rows.append(f"| {task} | {wrong} | " + " | ".join(cells) + " |")
    for report, head in zip(reports, heads, strict=True):
        count = sum(one.status == "caught" for one in report.mutants)
        rows.append("")
        rows.append(f"{head}: {count} of {len(report.mutants)} are caught by a check of their own task.")
        argued = [one for one in report.mutants if one.status == "argued"]
        rows += [f"Not caught on {head}: {one.wrong} {one.argued}" for one in argued]
    return rows


def forecasts_table(assignment: Assignment) -> list[str]:
    """How forecasts came out."""
    rows = ["| data | forecast in quick | told | passed in full |", "|---|---|---|---|"]
    for data in DATA[assignment.id]:
        gate = next(iter(assignment.gates(data, "quick").values()))
        rows += [f"| {data} | {name.value} | {one.told} | {one.passed} |" for name, one in gate.forecasts.items()]
    return rows


if __name__ == "__main__":
    main()
