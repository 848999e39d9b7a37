"""Reported figures beside figures measured here, for docs/reproduction.md.

    harness grade submissions/report_a submissions/report_c --data mnist --profile full --out reproduced
    python docs/reproduce.py reproduced

The first command trains everything once; the second trains the reports' convolutional networks with two more seeds
each and prints the table. Runs are kept in the harness's cache.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
from pathlib import Path

from harness import datasets
from harness.assignment import load
from harness.bench import sandbox_for
from harness.dryrun import record
from harness.evidence import Evidence
from harness.grading import Grader
from harness.measure.denoising import helps_until
from harness.recorded_rows import write_recording_npz
from harness.training.cache import RunCache
from harness.training.from_recording import from_fit
from harness.training.process import TrainerProcess

SEEDS = 3
REPORTED = {
    "report_a": {"2C": "0.9725", "2D": "0.9826", "3A": "0.9908", "4B": "0.6"},
    "report_b": {"2C": "0.9699"},
    "report_c": {"2D": "0.9827", "4B": "0.8"},
}


def main() -> None:
    graded = Path(sys.argv[1])
    assignment, dataset = load("dat405_a7"), datasets.load("mnist")
    calibration = assignment.calibration("mnist", "full")
    print("| figure | reported | measured here | n | range |")
    print("|---|---|---|---|---|")
    if calibration is not None:
        values = calibration.quantities["2C.accuracy"].values
        row("2C accuracy, 64-64-10", "A 0.9725, B 0.9699", values)
        by_cnn = calibration.quantities["3A.accuracy"].values
        row("3A accuracy, the reference's network", "99 % should be possible", by_cnn)
    with tempfile.TemporaryDirectory() as scratch, TrainerProcess("auto") as trainer:
        npz = Path(scratch) / "data.npz"
        write_recording_npz(dataset, npz)
        grader = Grader(assignment, dataset, "full", trainer, RunCache(RunCache.default_folder()))
        for name in ("report_a", "report_c"):
            text = (graded / name / "evidence.json").read_text(encoding="utf-8")
            evidence = Evidence.model_validate_json(text)
            reported = REPORTED[name]
            best = best_of_sweep(evidence)
            row(f"2D best mean, {name}'s sweep (factor {best[0]:g})", reported.get("2D", "–"), best[1])
            run = record(sandbox_for("preferred"), Path("submissions") / name, assignment, npz)
            prepared = from_fit(evidence.networks("3A")[0].record, run.frames, dataset)
            runs = [grader.run(prepared, seed, lambda _epoch, _of: None) for seed in range(SEEDS)]
            row(f"3A accuracy, {name}'s network", reported.get("3A", "–"), [one.accuracy or 0.0 for one in runs])
            curves = evidence.denoising
            if curves is not None:
                until = helps_until(curves.levels, curves.gain_low)
                seen = [level for level, right in zip(curves.levels, curves.denoised, strict=True) if right >= 0.5]
                print(
                    f"| 4B, 4C noise level to which denoising works, {name} | {reported.get('4B', '–')} | most "
                    f"denoised digits are told up to {max(seen):g}; a gain up to {until:g} | "
                    f"{curves.images:,} images | – |"
                )
    for name in ("report_a", "report_c"):
        result = json.loads((graded / name / "result.json").read_text(encoding="utf-8"))
        print(f"\n{name}, seconds by stage: {result['timing']}")


def best_of_sweep(evidence: Evidence) -> tuple[float, list[float]]:
    """The factor with the best mean accuracy, and its networks' accuracies."""
    by_factor: dict[float, list[float]] = {}
    for network in evidence.networks("2D"):
        texts = [text for layer in network.layers for text in layer.regularizers if text.startswith("kernel L2 ")]
        if texts and network.accuracies:
            by_factor.setdefault(float(texts[0].split()[2]), []).extend(network.accuracies)
    return max(by_factor.items(), key=lambda item: statistics.mean(item[1]))


def row(figure: str, reported: str, values) -> None:  # noqa: ANN001 - any sequence of floats
    mean = statistics.mean(values)
    spread = f" ± {statistics.stdev(values):.4f}" if len(values) > 1 else ""
    print(f"| {figure} | {reported} | {mean:.4f}{spread} | {len(values)} | {min(values):.4f} – {max(values):.4f} |")


if __name__ == "__main__":
    main()
