"""Checks of dat405_a7 that look at what a fit started from and what it was validated on, on hand-made evidence."""

import pytest
from evidence import FACTORS, FAILED, PASSED, complete, data, images, mlp, network, sweep

from harness.assignment import load
from harness.plugin import run_checks
from harness.recording import Rows

ASSIGNMENT = load("dat405_a7")


def result(name, **changes):
    return {one.id: one for one in run_checks(ASSIGNMENT, complete(ASSIGNMENT, **changes))}[name]


# --- 2C: what it is validated on


def part(start, stop, step=1):
    return Rows(kind="slice", count=len(range(start, stop, step)), start=start, stop=stop, step=step)


def listed(frame, count=50_000):
    return Rows(kind="listed", count=count, frame=frame)


WHOLE = Rows(kind="all", count=60_000)


def validated(trained, held_out, source="x_train", trained_source="x_train", **more):
    return mlp(
        data=data(
            x=images(source=trained_source, rows=trained), validation_x=images(source=source, rows=held_out), **more
        )
    )


@pytest.mark.parametrize(
    ("trained", "held_out"),
    [
        (WHOLE, WHOLE),
        (WHOLE, part(50_000, 60_000)),
        (WHOLE, listed("rows-1", 10_000)),
        (part(0, 50_000), part(0, 50_000)),
        (part(0, 50_000), part(0, 10_000)),
        (part(0, 60_000, 2), part(100, 200, 4)),
        (listed("rows-1"), listed("rows-1")),
    ],
)
def test_validation_images_that_are_trained_on_are_none(trained, held_out):
    curves = result("2C.curves", mlp=validated(trained, held_out))
    assert curves.outcome is FAILED
    assert "what is plotted as validation accuracy is training accuracy again" in curves.message


@pytest.mark.parametrize(
    ("trained", "held_out", "source"),
    [
        (WHOLE, WHOLE, "x_test"),
        (WHOLE, WHOLE, None),
        (WHOLE, None, "x_train"),
        (None, WHOLE, "x_train"),
        (part(0, 50_000), part(50_000, 60_000), "x_train"),
        (part(0, 50_000), part(40_000, 60_000), "x_train"),
        (part(0, 60_000, 2), part(1, 60_000, 2), "x_train"),
        (part(0, 60_000, 2), part(0, 60_000, 3), "x_train"),
        (part(0, 50_000), WHOLE, "x_train"),
        (listed("rows-1"), listed("rows-2", 10_000), "x_train"),
        (listed(None), listed(None), "x_train"),
        (part(0, 2**53), part(2**53, 2**53), "x_train"),
    ],
)
def test_other_validation_images_are_taken_for_held_out(trained, held_out, source):
    curves = result("2C.curves", mlp=validated(trained, held_out, source))
    assert curves.outcome is PASSED, curves.message


TEST_IMAGES = Rows(kind="all", count=10_000)


@pytest.mark.parametrize(
    ("source", "trained", "outcome"),
    [
        ("x_test", TEST_IMAGES, FAILED),
        ("x_all", Rows(kind="all", count=70_000), FAILED),
        ("x_all", part(10_000, 70_000), FAILED),
        ("x_all", part(0, 60_000), PASSED),
        ("x_all", part(0, 65_000), PASSED),
    ],
)
def test_test_images_that_are_trained_on_are_none_to_validate_on(source, trained, outcome):
    curves = result("2C.curves", mlp=validated(trained, TEST_IMAGES, "x_test", trained_source=source))
    assert curves.outcome is outcome, curves.message


def test_a_validation_split_holds_its_images_back():
    split = mlp(data=data(validation_x=None, validation_y=None, validation_split=0.1))
    assert result("2C.curves", mlp=split).outcome is PASSED


# --- 2D: what the replicates start from


def replicates(starts, **changes):
    """A sweep whose networks of one factor start from the weights of these hashes."""
    made = []
    for place, factor in enumerate(FACTORS):
        for number, start in enumerate(starts):
            name = f"f{place}-{number}"
            made += sweep((factor,), 1, **{"id": name, "initial": start and start * 32, **changes})
    return tuple(made)


@pytest.mark.parametrize(
    ("starts", "said"),
    [
        ("aaa", "has 1 fresh network, 3 are asked. 10 of 15 networks start from the same weights"),
        ("aab", "has 2 fresh networks, 3 are asked. 5 of 15 networks start from the same weights"),
        ("aaaaa", "20 of 25 networks start from the same weights"),
        ("aa", "5 of 10 networks start from the same weights"),
        (("a", "a", None), "has 2 fresh networks"),
    ],
)
def test_replicates_that_start_alike_are_one(starts, said):
    judged = result("2D.replicates", sweep=replicates(starts))
    assert judged.outcome is FAILED
    assert said in judged.message
    assert "one network trained again" in judged.message
    assert "Set the seed once" in judged.hint


@pytest.mark.parametrize("starts", ["abc", "aabc", (None, None, None), ("a", None, None)])
def test_replicates_that_differ_or_whose_weights_are_not_known_count(starts):
    """The same seeds for each factor are as good: its own replicates differ."""
    judged = result("2D.replicates", sweep=replicates(starts))
    assert judged.outcome is PASSED, judged.message


def test_a_training_of_two_fits_starts_as_its_first():
    """Only a model's first fit has a hash; 20 and 20 epochs are one training, told by the last fit."""
    made = replicates((None,) * 3)
    firsts = tuple(
        one.record.model_copy(update={"id": f"{one.record.id}-first", "initial": "a" * 32}) for one in made
    )
    joined = tuple(
        network(one.record, one.facts, (0.98,), merged=((first.id, 20), (one.record.id, 20)))
        for one, first in zip(made, firsts, strict=True)
    )
    everything = complete(ASSIGNMENT, sweep=joined)
    recording = everything.recording
    recording = recording.model_copy(update={"fits": (*firsts, *recording.fits)})
    judged = run_checks(ASSIGNMENT, everything.model_copy(update={"recording": recording}))
    (one,) = (one for one in judged if one.id == "2D.replicates")
    assert "10 of 15 networks start from the same weights" in one.message


def test_weights_that_are_set_back_keep_their_own_place():
    """Their model's later fits have no hash: whether they count is told by where their weights come from."""
    made = []
    for place, factor in enumerate(FACTORS):
        names = [f"f{place}-{number}" for number in range(3)]
        for number, name in enumerate(names):
            start = "a" * 32 if number == 0 else None
            (one,) = sweep((factor,), 1, id=name, previous=tuple(names[:number]), initial=start)
            made.append(network(one.record, one.facts, (0.98,), fresh=True))
    assert result("2D.replicates", sweep=tuple(made)).outcome is PASSED
