"""What a model computed is known again by its rows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from known_images import ONE_HOT, TEST, TRAIN, UNIT, X_TEST, Y_TEST, Seen, Y

from harness.recording import Derivation, LayerState
from harness.worker import derived
from harness.worker.derived import Outputs, placeholder

STATES = (LayerState(layer=1, fit="fit-1", of=1),)


class Model:
    """Answers `predict` as the recorder does."""

    def __init__(self, seen, uid=7, width=(6,)):
        self.seen, self.uid, self.width, self.calls = seen, uid, width, 0

    def predict(self, x, states=STATES, unknown=None):
        self.calls += 1
        values = placeholder((len(x), *self.width), (self.uid, self.calls))
        given = self.seen.recogniser.image_record(x)
        derivation = Derivation(model=self.uid, given=given, states=states, unknown=unknown)
        self.seen.recogniser.remember_output(values, derivation)
        return values


@pytest.fixture
def seen():
    return Seen()


@pytest.mark.parametrize("shape", [(1000, 96), (500, 28, 28), (300, 1), (0, 4), (5,)])
def test_placeholders_are_alike_only_for_one_key(shape):
    values = placeholder(shape, (3, 1))
    assert (values.shape, values.dtype) == (shape, np.float32)
    assert (values == placeholder(shape, (3, 1))).all()
    if values.size:
        assert 0 < values.min() < values.max() < 1
        assert not (values == placeholder(shape, (3, 2))).all()
        assert not (values == placeholder(shape, (4, 1))).all()
        assert len(np.unique(values.reshape(len(values), -1), axis=0)) == len(values)


def test_placeholders_of_a_softmax_sum_to_one():
    values = placeholder((2000, 10), (1, 1), sums_to_one=True)
    assert values.sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert values.min() > 0
    assert len(np.unique(values, axis=0)) == 2000


FORMS = {
    "all": (lambda codes: codes, None),
    "a slice": (lambda codes: codes[20:60], np.arange(20, 60)),
    "reshaped": (lambda codes: codes.reshape(-1, 2, 3, 1), None),
    "shuffled": (lambda codes: codes[::-1], np.arange(TRAIN)[::-1]),
    "joined with itself": (lambda codes: np.concatenate([codes, codes[:5]]), [*range(TRAIN), *range(5)]),
    "float64": (lambda codes: codes.astype("float64"), None),
    "a copy in another order": (lambda codes: np.asfortranarray(codes), None),
}


@pytest.mark.parametrize("name", FORMS)
def test_rows_of_an_answer_are_known_again(seen, name):
    change, rows = FORMS[name]
    array = change(Model(seen).predict(UNIT))
    labels = Y if rows is None else Y[rows]
    record, target = seen.pair(array, ONE_HOT[labels])
    assert (record.source, record.content, record.not_kept) == (None, None, None)
    assert (record.derived.model, record.derived.states, record.derived.given.source) == (7, STATES, "x_train")
    if rows is None:
        assert record.derived.rows is None
    else:
        told = record.derived.rows
        listed = seen.frame(told.frame) if told.kind == "listed" else np.arange(told.start, told.stop, told.step)
        assert listed.tolist() == list(rows)
    assert (target.source, target.labels_match) == ("y_train", 1)


def test_labels_follow_the_images_that_were_given(seen):
    order = np.random.default_rng(0).permutation(TEST)
    codes = Model(seen).predict(X_TEST[order] / 255)
    x, y = seen.pair(codes[10:50], Y_TEST[order][10:50])
    assert (x.derived.given.source, y.source, y.labels_match) == ("x_test", "y_test", 1)


def test_answers_as_targets_and_to_be_evaluated(seen):
    model = Model(seen, width=(784,))
    drawn = model.predict(UNIT)
    assert seen.pair(UNIT.reshape(-1, 784), drawn)[1].derived.model == 7
    assert seen.recogniser.image_record(drawn.reshape(-1, 28, 28), Y).derived.model == 7
    assert seen.pair(UNIT, Model(seen, 8, (10,)).predict(UNIT))[1].derived.model == 8


def test_one_network_behind_another(seen):
    encoder, decoder = Model(seen, 1), Model(seen, 2, (784,))
    record = seen.recogniser.image_record(decoder.predict(encoder.predict(UNIT)[:50]))
    assert (record.derived.model, record.derived.given.derived.model) == (2, 1)
    assert record.derived.given.derived.rows.stop == 50
    assert seen.pair(decoder.predict(encoder.predict(UNIT)[:50]), Y[:50])[1].labels_match == 1


def test_too_many_networks_behind_each_other_are_not_told(seen):
    """A recording that nests without end would not cross."""
    model, values = Model(seen), UNIT
    for _ in range(12):
        values = model.predict(values)
    record = seen.pair(values, Y)[0]
    assert (record.derived, record.content, record.of_answers) == (None, None, True)
    assert "more than 4 networks" in record.not_kept


def test_answers_to_parts_of_the_images_are_one_answer(seen):
    model = Model(seen)
    x, y = seen.pair(np.concatenate([model.predict(UNIT[n : n + 50]) for n in range(0, 200, 50)]), Y[:200])
    assert (x.derived.given.source, x.derived.given.rows.stop, x.derived.rows) == ("x_train", 200, None)
    assert (x.derived.given.shape, y.labels_match) == ((200, 28, 28), 1)
    both = np.concatenate([model.predict(UNIT), model.predict((X_TEST / 255).astype("float32"))])
    x, y = seen.pair(both, np.concatenate([Y, Y_TEST]))
    assert (x.derived.given.source, x.derived.given.rows.kind, y.source, y.labels_match) == (
        "x_all",
        "all",
        "y_all",
        1,
    )


@pytest.mark.parametrize("other", ["network", "state", "unknown weights", "range"])
def test_answers_of_different_kinds_are_not_one(seen, other):
    model = Model(seen)
    first = model.predict(UNIT[:50])
    second = {
        "network": lambda: Model(seen, 8).predict(UNIT[50:]),
        "state": lambda: model.predict(UNIT[50:], ()),
        "unknown weights": lambda: model.predict(UNIT[50:], unknown="its layer `one` starts from others"),
        "range": lambda: model.predict(UNIT[50:] * 255),
    }[other]()
    record = seen.pair(np.concatenate([first, second]), Y)[0]
    assert (record.derived, record.content) == (None, None)
    assert "answers of a network" in record.not_kept


def standardised(codes):
    return (codes - codes.mean(axis=0)) / codes.std(axis=0)


def shuffled(count):
    return np.random.default_rng(0).permutation(count)


@pytest.mark.parametrize(
    "change",
    [
        lambda codes: codes * 2 - 1,
        lambda codes: (codes > 0.5).astype("float32"),
        standardised,
        lambda codes: np.concatenate([codes, np.zeros((1, 6), "float32")]),
        lambda codes: np.where(np.arange(TRAIN)[:, None] < 5, 0, codes).astype("float32"),
        lambda codes: standardised(codes)[shuffled(TRAIN)],
        lambda codes: standardised(codes)[shuffled(TRAIN)[: TRAIN * 4 // 5]],
        lambda codes: (codes * 6 - 3)[shuffled(TRAIN)].astype("float64"),
        lambda codes: np.concatenate([UNIT.reshape(TRAIN, -1), standardised(codes)], axis=1)[shuffled(TRAIN)],
    ],
    ids=[
        "scaled",
        "threshold",
        "standardised",
        "joined with others",
        "some rows",
        "standardised and shuffled",
        "four fifths of them, standardised",
        "scaled and shuffled",
        "shuffled beside pixels",
    ],
)
def test_what_is_computed_from_answers_does_not_cross(seen, change):
    """A dry run's answers are made up, and so is what comes of them."""
    array = change(Model(seen).predict(UNIT))
    record = seen.pair(array, np.resize(Y, len(array)))[0]
    assert (record.derived, record.content, record.of_answers) == (None, None, True)
    assert "answers of a network" in record.not_kept


def test_other_arrays_of_the_same_shape_cross(seen):
    Model(seen).predict(UNIT)
    record = seen.pair(np.random.default_rng(0).random((TRAIN, 6)), Y)[0]
    assert record.content is not None
    assert (record.not_kept, record.of_answers) == (None, False)


def test_old_answers_are_forgotten(monkeypatch):
    monkeypatch.setattr(derived, "MAX_ROWS", 100)
    seen = Seen()
    outputs, given = Outputs(), seen.recogniser.image_record(UNIT[:40])
    many = [placeholder((40, 4), (1, n)) for n in range(4)]
    for n, values in enumerate(many):
        outputs.remember(values, Derivation(model=n, given=given))
    assert [bool(outputs.find(values)) for values in many] == [False, False, True, True]
    outputs.remember(placeholder((101, 4), (2, 2)), Derivation(model=5, given=given))
    assert outputs.find(many[3])[0].derivation.model == 3


@settings(max_examples=30)
@given(st.lists(st.integers(0, TRAIN - 1), min_size=1, max_size=50), st.sampled_from([1, 3, 10]))
def test_any_rows_are_told(rows, width):
    seen = Seen()
    codes = Model(seen, width=(width,)).predict(UNIT)
    record, labels = seen.pair(codes[rows], Y[rows])
    told = record.derived.rows
    if told is not None:
        rows_told = seen.frame(told.frame) if told.kind == "listed" else np.arange(told.start, told.stop, told.step)
        assert rows_told.tolist() == rows
    assert labels.labels_match == 1
