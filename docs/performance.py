"""Tables of docs/performance.md from what the benchmarks wrote.

    tox run -e bench

runs the benchmarks and this script: `python docs/performance.py bench.json …`. Each table stands between a pair of
comments, and is replaced; a table whose benchmarks are in none of the files stays as it is.
"""

from __future__ import annotations

import json
import statistics
import sys
from pathlib import Path
from typing import Any

from tables import put

PAGE = Path(__file__).with_name("performance.md")
PLAIN, OURS = "plain fit", "harness"


def main() -> None:
    files = [json.loads(Path(name).read_text(encoding="utf-8")) for name in sys.argv[1:]]
    made = [one for file in files for one in file["benchmarks"]]
    cores = files[-1]["machine_info"]["cpu"].get("count")
    page = PAGE.read_text(encoding="utf-8")
    speeds = [one for one in made if "who" in one["extra_info"]]
    if speeds:
        page = put(page, "speed", speed_table(speeds, peak(made), cores))
    equivalences = [one["extra_info"] for one in made if one["extra_info"].get("work") == "equivalence"]
    if equivalences:
        page = put(page, "equivalence", equivalence_table(equivalences))
    costs = [one["extra_info"] for one in made if one["extra_info"].get("work") == "again"]
    if costs:
        page = put(page, "again", again_table(costs))
    walls = [one["extra_info"] for one in made if one["extra_info"].get("work") == "wall"]
    if walls:
        page = put(page, "wall", wall_table(walls))
    imports = [one["extra_info"]["seconds"] for one in made if one["extra_info"].get("work") == "import"]
    if imports:
        page = put(page, "import", import_table(imports[-1]))
    PAGE.write_text(page, encoding="utf-8")


def peak(made: list[dict[str, Any]]) -> float | None:
    """Operations a second of a large product, where that was measured."""
    found = [one for one in made if one["extra_info"].get("work") == "matmul"]
    return found[0]["extra_info"]["operations"] / found[0]["stats"]["min"] if found else None


def speed_table(made: list[dict[str, Any]], limit: float | None, cores: int | None) -> list[str]:
    """One row a work: medians of both, the rounds' ratios, and operations a second beside the machine's limit."""
    device = made[-1]["extra_info"]["device"]
    said = f"{limit / 1e9:.0f} GFLOP/s" if limit else "not measured"
    rows = [
        f"Machine: {device}, {cores} cores; a float32 product of 2048×2048 matrices: {said} at best.",
        "",
        "| work | trained by | `fit` s | harness s | ratio: median (range), n | GFLOP/s: `fit`, harness |",
        "|---|---|---|---|---|---|",
    ]
    works = dict.fromkeys(one["extra_info"]["work"] for one in made)
    for work in works:
        seconds: dict[str, dict[int, float]] = {PLAIN: {}, OURS: {}}
        named: dict[str, list[str]] = {}
        operations = 0.0
        for one in made:
            about = one["extra_info"]
            if about["work"] == work and about["round"] > 0:
                seconds[about["who"]][about["round"]] = one["stats"]["median"]
                named[about["who"]] = about["trainers"]
                operations = about["operations"]
        both = sorted(set(seconds[PLAIN]) & set(seconds[OURS]))
        if not both:
            continue
        ratios = [seconds[PLAIN][n] / seconds[OURS][n] for n in both]
        medians = [statistics.median(seconds[who][n] for n in both) for who in (PLAIN, OURS)]
        rates = ", ".join(f"{operations / value / 1e9:.1f}" for value in medians)
        rows.append(
            f"| {work} | {', '.join(named[OURS])} | {medians[0]:.1f} | {medians[1]:.1f} "
            f"| {statistics.median(ratios):.1f} ({min(ratios):.1f} to {max(ratios):.1f}), {len(both)} | {rates} |"
        )
    return rows


def equivalence_table(made: list[dict[str, Any]]) -> list[str]:
    """One row a data set: both means with standard deviations, and the interval of their difference."""
    rows = [
        "| data | plain `fit`: mean ± sd, n | jax_scan: mean ± sd, n | difference, 90 % interval | margin |",
        "|---|---|---|---|---|",
    ]
    for one in made:
        sides = [
            f"{statistics.mean(values):.4f} ± {statistics.stdev(values):.4f}, {len(values)}"
            for values in (one["plain"], one["ours"])
        ]
        rows.append(
            f"| {one['data']} | {sides[0]} | {sides[1]} | {one['low']:+.4f} to {one['high']:+.4f} "
            f"| ±{one['margin']} |"
        )
    return rows


def again_table(made: list[dict[str, Any]]) -> list[str]:
    """One row a data set: processor seconds of each command, and how many times cheaper the second grading is."""
    rows = [
        "| data | first | again | first : again | other name, equal networks | regrade | regrade that draws |",
        "|---|---|---|---|---|---|---|",
    ]
    for one in made:
        costs = [one[name][0] for name in ("first", "again", "equal", "regrade", "drawn")]
        cells = [f"{costs[0]:.1f}", f"{costs[1]:.2f}", f"{costs[0] / costs[1]:.0f}", f"{costs[2]:.1f}"]
        cells += [f"{seconds:.2f}" for seconds in costs[3:]]
        rows.append(f"| {one['data']} | {' | '.join(cells)} |")
    return rows


def wall_table(made: list[dict[str, Any]]) -> list[str]:
    """One row a wall: the median and the fastest of whole runs in it, and what each is more than Python alone."""
    rows = ["| run as | in | n | median ms | more | fastest ms | more |", "|---|---|---|---|---|---|---|"]
    for one in made:
        who, alone = "root" if one["root"] else "a user", one["seconds"]["Python alone"]
        for name, values in one["seconds"].items():
            cells = [who, name, str(len(values))]
            for of in (statistics.median, min):
                more = f"{1000 * (of(values) - of(alone)):.0f}" if name != "Python alone" else ""
                cells += [f"{1000 * of(values):.0f}", more]
            rows.append(f"| {' | '.join(cells)} |")
    return rows


def import_table(seconds: dict[str, dict[str, list[float]]]) -> list[str]:
    """One row a backend and way to import Keras: the median and the fastest of its processor seconds."""
    rows = ["| backend | Keras is imported | n | median s | fastest s |", "|---|---|---|---|---|"]
    return rows + [
        f"| {backend} | {way} | {len(values)} | {statistics.median(values):.1f} | {min(values):.1f} |"
        for backend, ways in seconds.items()
        for way, values in ways.items()
    ]


if __name__ == "__main__":
    main()
