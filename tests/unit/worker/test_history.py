"""A replay's history: what training gave, under the names and for the epochs that the hand-in asked for."""

import pytest

from harness.worker.history import placeholders, truthful

TRUE = {"loss": [3.0, 2.0], "accuracy": [0.1, 0.2], "val_loss": [4.0, 3.0], "val_accuracy": [0.3, 0.4]}


@pytest.mark.parametrize("name", ["accuracy", "acc", "categorical_accuracy", "sparse_categorical_accuracy"])
def test_accuracy_has_many_names(name):
    made, whole = truthful(placeholders(["loss", name], 2, validated=True), TRUE)
    assert whole
    assert made == {"loss": [3.0, 2.0], name: [0.1, 0.2], "val_loss": [4.0, 3.0], f"val_{name}": [0.3, 0.4]}


def test_what_was_not_asked_for_is_not_there():
    assert truthful(placeholders(["loss"], 2, validated=False), TRUE) == ({"loss": [3.0, 2.0]}, True)


def test_other_metrics_stay_placeholders_and_are_told():
    values = placeholders(["loss", "auc"], 5, validated=False)
    made, whole = truthful(values, TRUE)
    assert not whole
    assert made == {"loss": [3.0, 2.0], "auc": values["auc"][:2]}


def test_a_training_that_stopped_early_has_a_short_history():
    made, whole = truthful(placeholders(["loss", "accuracy"], 40, validated=True), TRUE)
    assert whole and {len(series) for series in made.values()} == {2}


def test_validation_every_second_epoch():
    true = {name: [*series, *series, series[0]] for name, series in TRUE.items()}
    made, _ = truthful(placeholders(["loss", "accuracy"], 5, validated=True, every=2), true, every=2)
    assert len(made["loss"]) == 5
    assert made["val_accuracy"] == [0.4, 0.4]


def test_nothing_true_nothing_told():
    assert truthful(placeholders(["loss"], 3, validated=False), {}) == ({"loss": []}, False)
