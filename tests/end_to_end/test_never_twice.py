"""A hand-in that was graded before is graded again with nothing started for it, and to the same result."""

import dataclasses
import shutil
from pathlib import Path

import pytest
from conftest import missing

from harness import bench
from harness.assignment import load
from harness.classroom import Options, Silent, grade
from harness.evidence import Evidence
from harness.outputs import EVIDENCE
from harness.sandbox import probe
from harness.training.channel import Channel

pytestmark = pytest.mark.end_to_end
EXAMPLES = Path(__file__).parent.parent.parent / "submissions"


@dataclasses.dataclass
class Started:
    """How many frameworks and sandboxes were started."""

    trainers: int = 0
    sandboxes: int = 0


@pytest.fixture
def started(monkeypatch):
    problem = probe()
    if problem:
        missing("bubblewrap", problem)
    counted = Started()
    start, sandbox_for = Channel.start, bench.sandbox_for

    def counting_start(channel):
        counted.trainers += channel.process is None
        return start(channel)

    def counting_sandbox(isolation):
        sandbox = sandbox_for(isolation)
        run = sandbox.run

        def counting_run(*arguments):
            counted.sandboxes += 1
            return run(*arguments)

        sandbox.run = counting_run
        return sandbox

    monkeypatch.setattr(Channel, "start", counting_start)
    monkeypatch.setattr(bench, "sandbox_for", counting_sandbox)
    return counted


def graded(work, out, cache):
    (result,) = grade([work], Options(load("dat405_a7"), out, data="digits", cache=cache), Silent())
    evidence = Evidence.model_validate_json((out / result.submission.name / EVIDENCE).read_bytes())
    return result, evidence


def measured(evidence):
    """Everything that was seen and measured, without what tells that it was kept."""
    fits = {
        name: fit.model_copy(
            update={
                "runs": tuple(run.model_copy(update={"cached": False}) for run in fit.runs),
                "speed": tuple(speed.model_copy(update={"kept": False}) for speed in fit.speed),
            }
        )
        for name, fit in evidence.fits.items()
    }
    return evidence.model_copy(update={"fits": fits})


def test_a_graded_hand_in_is_graded_again_for_nothing(tmp_path, started):
    work = tmp_path / "work"
    shutil.copytree(EXAMPLES / "good_contract", work)
    first, seen = graded(work, tmp_path / "first", tmp_path / "cache")
    assert started.trainers > 0
    assert started.sandboxes == 2, "a dry run and a replay"
    assert first.provenance["kept"] == {"record": False, "replay": False}

    started.trainers = started.sandboxes = 0
    again, seen_again = graded(work, tmp_path / "again", tmp_path / "cache")
    assert started == Started(0, 0)
    assert again.provenance["kept"] == {"record": True, "replay": True}
    assert again.points == first.points
    assert again.checks == first.checks
    assert again.tasks == first.tasks
    assert measured(seen_again) == measured(seen)

    script = work / "submission.py"
    script.write_bytes(script.read_bytes() + b"#")
    changed, _ = graded(work, tmp_path / "changed", tmp_path / "cache")
    assert started == Started(0, 2), "another hand-in, whose networks were trained and measured before"
    assert changed.points == first.points
