"""Numbers that a hand-in shows, found in its saved outputs and put beside ours."""

import pytest
from evidence import MNIST, WHERE, cnn, evidence, images, mlp, network, run
from hypothesis import given
from hypothesis import strategies as st

from harness.assignment import load
from harness.claims import claims, contradictions, reading, tolerance
from harness.evidence import Replayed
from harness.gates import Gate
from harness.recording import Passage, Recording, Rows, UseRecord, Where
from harness.training.recipe import Scale

ASSIGNMENT = load("dat405_a7")
DIGITS = MNIST.model_copy(update={"name": "digits", "official": False})


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("469/469 - 2s - loss: 0.1 - accuracy: 0.9801 - val_loss: 0.2 - val_accuracy: 0.9712", 0.9712),
        ("val_acc: 0.9512\nval_acc: 0.9699", 0.9699),
        ("Test loss: 0.0912 / Test accuracy: 0.9725", 0.9725),
        ("Test accuracy: 97.25%", 0.9725),
        ("test acc = 97.25", 0.9725),
        ("validation accuracy is 0.97", None),
        ("Validation-accuracy: 1.0000", 1.0),
        ("{'accuracy': [0.9, 0.95], 'val_accuracy': [0.93, 0.96, 0.9712]}", 0.9712),
        ("val_accuracy: 0.9712\nTest accuracy: 0.9725", 0.9725),
        ("Test accuracy: 0.9725\nval_accuracy: 0.9712", 0.9712),
        ("accuracy: 0.9801", None),
        ("val_accuracy: nan", None),
        ("val_accuracy: 9.7310e-01", None),
        ("Test accuracy: 9.7310e-01", None),
        ("Test accuracy: 970.5", None),
        ("", None),
    ],
)
def test_last_accuracy(text, value):
    found = reading(text)
    assert (found.value if found else None) == value


@given(st.text(alphabet="val_accurytes: =.0123456789%[]',\n", max_size=60))
def test_any_text_gives_a_share_or_nothing(text):
    found = reading(text)
    assert found is None or 0 <= found.value <= 1


def recorded(*networks, **outputs):
    passages = tuple(Passage(where=Where(file="assignment.ipynb", cell=int(cell[1:])), text=text)
                     for cell, text in outputs.items())  # fmt: skip
    fits = tuple(network.record for network in networks)
    recording = Recording(kind="notebook", complete=True, fits=fits, saved_outputs=passages)
    return claims(evidence(ASSIGNMENT, *networks, recording=recording))


def test_a_claim_stands_beside_the_measured_value():
    (claim,) = recorded(mlp(0.9716), c4="Epoch 10/10\n  loss: 0.1 - val_accuracy: 0.9731  \nsaved")
    assert (claim.name, claim.claimed, claim.measured) == ("2C validation accuracy", 0.9731, 0.9716)
    assert (claim.where, claim.text) == (WHERE, "loss: 0.1 - val_accuracy: 0.9731")


def test_outputs_of_other_cells_and_no_outputs_claim_nothing():
    assert recorded(mlp(), c5="val_accuracy: 0.9731") == ()
    assert recorded(mlp()) == ()


def test_a_cell_with_two_networks_is_left_out():
    assert recorded(mlp(), cnn(), c4="val_accuracy: 0.9731") == ()
    elsewhere = Where(file="assignment.ipynb", cell=9)
    assert len(recorded(mlp(), cnn(where=elsewhere), c4="val_accuracy: 0.9731", c9="val_acc: 0.99")) == 2


def test_a_long_line_is_cut():
    (claim,) = recorded(mlp(), c4="=" * 500 + " val_accuracy: 0.9731")
    assert len(claim.text) == 200
    assert claim.text.endswith("val_accuracy: 0.9731")


# --- contradictions

HALF = 0.0016 * (63 / 64) ** 0.5
SPREAD = Gate(task="2C", reference=(0.9713 - HALF, 0.9713 + HALF) * 32)  # of standard deviation 0.0016


def contradicted(*networks, saved=None, printed=None, uses=(), placeholders=(), **more):
    """The findings on a hand-in whose cell 4 shows these texts."""
    place = Where(file="assignment.ipynb", cell=4)
    shown = [(Passage(where=place, text=text),) if text else () for text in (saved, printed)]
    fits = tuple(one.record for one in networks)
    recording = Recording(kind="notebook", complete=True, fits=fits, saved_outputs=shown[0], uses=uses)
    replay = Replayed(fits=tuple(fit.id for fit in fits), printed=shown[1], placeholders=placeholders)
    facts = {"recording": recording, "replay": replay, "gates": {"2C.accuracy": SPREAD}} | more
    return list(contradictions(evidence(ASSIGNMENT, *networks, **facts)))


@pytest.mark.parametrize(
    ("claimed", "found"), [("0.9716", 0), ("0.9812", 0), ("0.9620", 0), ("0.9830", 1), ("0.9600", 1), ("0.9999", 1)]
)
def test_a_saved_number_that_chance_does_not_explain(claimed, found):
    seen = contradicted(mlp(0.9716), saved=f"val_accuracy: {claimed}")
    assert len(seen) == found
    for finding in seen:
        assert (finding.code, finding.task, finding.where) == ("contradicted-number", "2C", WHERE)
        assert claimed.rstrip("0") in finding.message and "0.9716" in finding.message


def test_scaled_recipes_and_digits_compare_no_saved_numbers():
    said = {"saved": "val_accuracy: 0.9999"}
    scaled = network(accuracies=(0.9,), scaled=Scale(epochs=2, batch_size=128))
    assert contradicted(scaled, **said) == []
    assert contradicted(mlp(0.9), dataset=DIGITS, **said) == []
    assert len(contradicted(network(accuracies=(0.9,)), **said)) == 1
    assert contradicted(network(accuracies=()), **said) == []


@pytest.mark.parametrize(
    ("accuracies", "sd", "reference", "allowed"),
    [
        ((0.97,), None, None, 0.01),
        ((0.97,), 0.0016, 0.9713, 0.01),
        ((0.9713,), 0.005, 0.9713, 4 * 0.005 * 2**0.5),
        ((0.99,), 0.005, 0.9713, 4 * 0.005 * 2**0.5),  # better than the reference varies no less here
        ((0.9426,), 0.005, 0.9713, 2 * 4 * 0.005 * 2**0.5),
        ((0.95, 0.99, 0.97), 0.0, None, 0.04),
        ((0.96, 0.98, 0.97), 0.005, 0.97, 4 * 0.005 * (4 / 3) ** 0.5 + 0.02),
        ((0.5,), 0.001, 1.0, 0.01),
    ],
)
def test_the_tolerance_by_hand(accuracies, sd, reference, allowed):
    assert tolerance(accuracies, sd, reference) == pytest.approx(allowed)


@pytest.mark.parametrize(
    ("text", "half_digit"),
    [("val_accuracy: 0.97", 0.005), ("Test accuracy: 97.3%", 0.0005), ("Test accuracy: 0.97251234", 5e-9)],
)
def test_a_number_is_as_fine_as_its_last_digit(text, half_digit):
    assert reading(text).half_digit == pytest.approx(half_digit)


def test_a_coarse_number_contradicts_only_beyond_its_last_digit():
    assert contradicted(mlp(0.9716), saved="test accuracy: 0.96") == []
    assert len(contradicted(mlp(0.9716), saved="test accuracy: 0.95")) == 1


@pytest.mark.parametrize(
    ("printed", "found"), [("0.9716", 0), ("0.9649", 0), ("0.9000", 0), ("0.9951", 1), ("0.9400", 1)]
)
def test_a_printed_number_of_other_images(printed, found):
    """0.9 is the accuracy of an earlier epoch."""
    seen = contradicted(mlp(0.9716), printed=f"Test accuracy: {printed}")
    assert len(seen) == found
    assert all("Run again" in finding.message for finding in seen)


def test_few_images_allow_more():
    few = run(0.95).model_copy(update={"images": 360})
    assert contradicted(network(runs=(few,)), printed="Test accuracy: 0.99", dataset=DIGITS) == []
    assert len(contradicted(network(accuracies=(0.95,)), printed="Test accuracy: 0.99")) == 1


def test_what_rests_on_placeholders_contradicts_nothing():
    said = {"printed": "Test accuracy: 0.9951"}
    assert contradicted(mlp(), placeholders=(Where(file="assignment.ipynb", cell=4),), **said) == []
    assert len(contradicted(mlp(), placeholders=(Where(file="assignment.ipynb", cell=5),), **said)) == 1
    assert contradicted(mlp(), replay=Replayed(), **said) == []
    assert contradicted(mlp(), replay=None, **said) == []


def use(cell, source="x_test", model=0, **more):
    x = images(shape=(10_000, 28, 28, 1), source=source, rows=Rows(kind="all", count=10_000), **more)
    return UseRecord(method="evaluate", model=model, x=x, where=Where(file="assignment.ipynb", cell=cell, line=1))


def evaluated(*uses, **outputs):
    passages = tuple(
        Passage(where=Where(file="assignment.ipynb", cell=int(cell[1:])), text=text)
        for cell, text in outputs.items()
    )
    one = mlp()
    recording = Recording(kind="notebook", fits=(one.record,), saved_outputs=passages, uses=uses)
    return claims(evidence(ASSIGNMENT, one, recording=recording))


def test_a_cell_that_evaluates_one_network_claims_for_it():
    (claim,) = evaluated(use(6), c6="Test accuracy: 0.9725")
    assert (claim.name, claim.claimed, claim.where.cell) == ("2C validation accuracy", 0.9725, 6)
    assert len(evaluated(use(6), c4="val_accuracy: 0.97", c6="Test accuracy: 0.9725")) == 2


def test_evaluations_on_other_images_or_networks_claim_nothing():
    from evidence import SALT

    said = {"c6": "Test accuracy: 0.9725"}
    assert evaluated(use(6, noise=SALT), **said) == ()
    assert evaluated(use(6, source=None), **said) == ()
    assert evaluated(use(6, model=3), **said) == ()
    assert evaluated(use(6), use(6, model=3), **said) == ()
    assert evaluated(use(5), **said) == ()


def test_training_images_called_test_images_are_found_out():
    said = {"uses": (use(4, source="x_train"),), "printed": "Test accuracy: 0.9951"}
    (finding,) = contradicted(mlp(where=Where(file="assignment.ipynb", cell=2)), **said)
    assert finding.where.cell == 4
    assert "evaluates training images" in finding.message


def test_a_printed_number_is_shown_where_nothing_was_saved():
    def sources(**texts):
        shown = {name: (Passage(where=WHERE, text=text),) for name, text in texts.items()}
        one = mlp()
        recording = Recording(kind="notebook", fits=(one.record,), saved_outputs=shown.get("saved", ()))
        replay = Replayed(fits=(one.record.id,), printed=shown.get("printed", ()))
        found = claims(evidence(ASSIGNMENT, one, recording=recording, replay=replay))
        return [(claim.source, claim.contradicted) for claim in found]

    assert sources(printed="val_accuracy: 0.9716") == [("replay", False)]
    assert sources(saved="val_accuracy: 0.9711", printed="val_accuracy: 0.9716") == [("saved", False)]
    assert sources(saved="val_accuracy: 0.9711", printed="val_accuracy: 0.9999") == [
        ("saved", False),
        ("replay", True),
    ]
