"""A calibration file that is filled run by run, and what of an older one is kept."""

import json

import pytest

from harness.calibrated import CalibratedQuantity, Calibration, CalibrationRun
from harness.calibration import Checked, Held, Sheet, same_training
from harness.showing import show_checked

TRAINER = {
    "trainer": "jax_scan",
    "keras": "3.15.1",
    "device": "cpu",
    "device_name": "one",
    "trainer_key": "jax_scan-2",
}


def quantity(*runs, **changes):
    whole = {
        "task": "2C", "trained_for": "2C", "measure": "accuracy", "handed_in": "h", "recipe": "r",
        "trainer": TRAINER, "runs": tuple(runs),
    }  # fmt: skip
    return CalibratedQuantity(**{**whole, **changes})


def run(seed, value=0.97):
    return CalibrationRun(seed=seed, value=value)


def sheet(folder, **quantities):
    return Sheet(
        folder / "calibration" / "digits-full.json",
        Calibration(
            assignment="tiny", dataset="digits", dataset_sha256="0", profile="full", quantities=quantities,
            provenance={},
        ),
    )  # fmt: skip


def written(folder):
    text = (folder / "calibration" / "digits-full.json").read_text(encoding="utf-8")
    return Calibration.model_validate_json(text)


def test_every_run_is_written_at_once(tmp_path):
    filled = sheet(tmp_path)
    filled.add("2C.accuracy", quantity(), run(1))
    assert written(tmp_path).quantities["2C.accuracy"].runs == (run(1),)
    filled.add("2C.accuracy", quantity(), run(0, 0.96))
    assert written(tmp_path).quantities["2C.accuracy"].values == (0.96, 0.97)  # in the order of the seeds


def test_what_is_there_is_not_lacking(tmp_path):
    filled = sheet(tmp_path, **{"2C.accuracy": quantity(run(0), run(2))})
    assert [filled.lacks("2C.accuracy", quantity(), seed) for seed in range(4)] == [False, True, False, True]
    assert filled.lacks("3A.accuracy", quantity(), 0)


@pytest.mark.parametrize(
    "changes",
    [
        {"recipe": "other"}, {"handed_in": "other"}, {"trainer": {**TRAINER, "trainer_key": "jax_scan-3"}},
        {"trainer": {**TRAINER, "keras": "4"}}, {"trainer": {**TRAINER, "device": "gpu"}}, {"levels": (0.1,)},
    ],
)  # fmt: skip
def test_runs_of_another_training_are_not_kept(tmp_path, changes):
    asked = quantity(**changes)
    filled = sheet(tmp_path, **{"2C.accuracy": quantity(run(0), run(1))})
    assert not same_training(quantity(), asked)
    assert filled.lacks("2C.accuracy", asked, 0)
    filled.add("2C.accuracy", asked, run(0, 0.5))
    assert written(tmp_path).quantities["2C.accuracy"].values == (0.5,)


def test_another_machine_of_the_kind_goes_on():
    assert same_training(quantity(), quantity(trainer={**TRAINER, "device_name": "two"}))


def test_what_no_task_asks_for_is_left_out_at_the_end_only(tmp_path):
    filled = sheet(tmp_path, **{"9Z.accuracy": quantity(run(0), task="9Z")})
    filled.add("2C.accuracy", quantity(), run(0))
    assert set(written(tmp_path).quantities) == {"2C.accuracy", "9Z.accuracy"}
    filled.finish()
    assert set(written(tmp_path).quantities) == {"2C.accuracy"}


def test_a_damaged_file_is_refused(tmp_path):
    filled = sheet(tmp_path)
    filled.add("2C.accuracy", quantity(), run(0))
    path = tmp_path / "calibration" / "digits-full.json"
    path.write_text(json.dumps({**json.loads(path.read_text(encoding="utf-8")), "more": 1}), encoding="utf-8")
    with pytest.raises(ValueError, match="more"):
        written(tmp_path)


@pytest.mark.parametrize(
    ("again", "equal", "holds"),
    [
        ((0.97, 0.971), True, True),
        ((0.9705, 0.9702), False, True),
        ((0.95, 0.96), False, False),
        ((0.99, 0.98), False, False),
    ],
)
def test_whether_a_file_holds(again, equal, holds, capsys):
    held = Held("2C.accuracy", (0.97, 0.971), again, 0.965, 0.975)
    assert (held.equal, held.holds) == (equal, holds)
    assert show_checked(Checked((held,), ())) == (0 if holds else 2)
    said = "as in the file" if equal else f"their mean is {'within' if holds else 'outside'}"
    assert said in capsys.readouterr().out


def test_a_file_of_other_recipes_does_not_hold(capsys):
    held = Held("2C.accuracy", (0.97, 0.971), (0.97, 0.971), 0.965, 0.975)
    assert show_checked(Checked((held,), ("4C.gain.2C",))) == 2
    said = capsys.readouterr()
    assert "4C.gain.2C" in said.out
    assert "References were changed since they were calibrated" in said.err
