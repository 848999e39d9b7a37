"""The placeholders of a dry run's History."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.worker.history import OldNames, placeholder, placeholders


@given(st.integers(0, 1000))
def test_scores_rise_and_losses_fall(epoch):
    assert 0 < placeholder("val_accuracy", epoch) < placeholder("val_accuracy", epoch + 1) <= 1
    for name in ("loss", "val_loss", "mae", "mean_squared_error", "kl_divergence"):
        assert placeholder(name, epoch) > placeholder(name, epoch + 1) > 0


def test_one_value_an_epoch_under_keras_names():
    values = placeholders(["loss", "accuracy"], 5, validated=True, every=2)
    assert {name: len(series) for name, series in values.items()} == {
        "loss": 5, "accuracy": 5, "val_loss": 2, "val_accuracy": 2,
    }  # fmt: skip
    assert values["val_loss"] == [values["loss"][1], values["loss"][3]]
    assert set(placeholders(["loss"], 1, validated=False)) == {"loss"}


def test_a_repeated_fit_goes_on_where_the_last_ended():
    whole = placeholders(["accuracy"], 6, validated=False)["accuracy"]
    parts = [placeholders(["accuracy"], 3, validated=False, before=before)["accuracy"] for before in (0, 3)]
    assert parts[0] + parts[1] == whole


def test_old_names_answer_and_are_noted():
    noted = []
    logs = OldNames({"accuracy": 1, "val_acc": 2}, lambda code, message: noted.append((code, message)))
    assert (logs["acc"], logs.get("acc"), logs["val_accuracy"], logs.get("lr"), logs.get("lr", 3)) == (
        1,
        1,
        2,
        None,
        3,
    )
    assert {code for code, _ in noted} == {"keras2-name"}
    assert len(noted) == 2
    with pytest.raises(KeyError):
        logs["nothing"]
