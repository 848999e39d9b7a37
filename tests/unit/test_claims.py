"""Numbers that a hand-in shows, found in its saved outputs and put beside ours."""

import pytest
from evidence import WHERE, cnn, evidence, mlp
from hypothesis import given
from hypothesis import strategies as st

from harness.assignment import load
from harness.claims import claims, last_accuracy
from harness.recording import Passage, Recording, Where

ASSIGNMENT = load("dat405_a7")


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
        ("Test accuracy: 970.5", None),
        ("", None),
    ],
)
def test_last_accuracy(text, value):
    assert last_accuracy(text) == value


@given(st.text(alphabet="val_accurytes: =.0123456789%[]',\n", max_size=60))
def test_any_text_gives_a_share_or_nothing(text):
    value = last_accuracy(text)
    assert value is None or 0 <= value <= 1


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
