"""Replay: fits answer with trained weights, the rest with placeholders; what is drawn and shown is handed over."""

import numpy as np
import pytest
from evidence import dense, flatten, image_input

from harness.recording import REPLAYED_IN_FULL, REPLAYED_SAMPLE, Graph, Where
from harness.worker.cells import Cell
from harness.worker.replay import BATCH, MAX_IMAGES, Replay, TrainedFit


class Model:
    """Stands in for a network of Keras: one weight, which it adds to what it is given."""

    def __init__(self, shape=(4,)):
        self.weights = [np.zeros(shape)]
        self.seen = []

    def set_weights(self, weights):
        self.weights = weights

    def __call__(self, x, training):
        assert training is False
        self.seen.append(len(x))
        return x + self.weights[0]

    def reset_metrics(self):
        self.seen = []

    def test_step(self, data):
        self.seen.append(len(data[0]))
        return {"loss": np.float32(1.5), "accuracy": np.float32(sum(self.seen))}


class Sent:
    def __init__(self):
        self.arrays = {}

    def array(self, name, array):
        self.arrays[name] = array


def graph(*uids):
    layers = [image_input(), *(dense(4) for _ in uids)]
    return Graph(
        layers=tuple(one.model_copy(update={"uid": uid}) for one, uid in zip(layers, (0, *uids), strict=True))
    )


@pytest.fixture
def replay(tmp_path):
    np.savez(tmp_path / "data.npz", w=np.arange(4.0), x_train=np.zeros(3))
    fits = {"fit-1": TrainedFit(weights=("w",), history={"val_accuracy": (0.9, 0.97)})}
    return Replay(fits, tmp_path / "data.npz", Sent(), lambda: Where(file="a.ipynb", cell=1, line=1))


def ended(replay, number, text="x = 1", **names):
    replay.end_of_cell(Cell("a.ipynb", number, text), names)


def test_a_trained_fit_gives_weights_and_history(replay):
    model = Model()
    assert replay.fit(model, graph(1), "fit-1") == {"val_accuracy": [0.9, 0.97]}
    assert model.weights[0].tolist() == [0, 1, 2, 3]
    assert replay.is_real(graph(1))
    ended(replay, 1)
    assert replay.placeholders == ()


def test_a_fit_that_was_not_trained_marks_its_cell_and_those_that_use_it(replay):
    model = Model()
    assert replay.fit(model, graph(1), "fit-2") is None
    assert model.weights[0].tolist() == [0, 0, 0, 0]
    ended(replay, 1, "h = model.fit(x)")
    ended(replay, 2, "plt.plot(h.history)")
    ended(replay, 3, "plt.plot(other)")
    assert not replay.is_real(graph(1, 2))  # a network that shares its layer
    ended(replay, 4, "print(half.evaluate(x, y))")
    assert replay.is_real(graph(2))
    assert replay.is_real(graph())
    ended(replay, 5)
    assert [where.cell for where in replay.placeholders] == [1, 2, 4]


def test_other_placeholders_mark_their_cell_too(replay):
    replay.made_up()
    ended(replay, 1)
    ended(replay, 2)
    assert [where.cell for where in replay.placeholders] == [1]


def test_a_network_that_is_trained_after_all_is_real(replay):
    replay.fit(Model(), graph(1), "fit-2")
    replay.fit(Model(), graph(1), "fit-1")
    assert replay.is_real(graph(1))


def test_a_model_of_other_shapes_is_another_fit(replay):
    model = Model(shape=(5,))
    assert replay.fit(model, graph(1), "fit-1") is None
    assert model.weights[0].shape == (5,)
    assert not replay.is_real(graph(1))


def test_networks_see_all_images_a_batch_at_a_time(replay):
    model, x = Model(), np.random.default_rng(0).random((2 * BATCH + 300, 4))
    made = replay.predict(model, x)
    assert (made == x).all() and model.seen == [BATCH, BATCH, 300]
    assert replay.evaluate(model, x, x) == {"loss": 1.5, "accuracy": len(x)}
    assert model.seen == [BATCH, BATCH, 300]


def test_what_is_evaluated_over_and_over_is_evaluated_on_a_sample(replay):
    """Each network is counted for itself; the sample is the same rows each time, of x and of y."""
    first, second = Model(), Model()
    x = np.arange(REPLAYED_IN_FULL)[:, None]
    rows = []
    first.test_step = lambda data: rows.append(data) or {"loss": 0.0}
    replay.evaluate(first, x, x)
    assert sum(len(each) for each, _ in rows) == len(x)
    for _ in range(2):
        rows.clear()
        replay.evaluate(first, x, 2 * x)
        drawn, targets = (np.concatenate(parts) for parts in zip(*rows, strict=True))
        assert len(np.unique(drawn)) == REPLAYED_SAMPLE and (targets == 2 * drawn).all()
        assert len(x) / 3 < drawn.mean() < len(x) * 2 / 3
    few = x[:REPLAYED_SAMPLE]
    rows.clear()
    replay.evaluate(first, few, few)
    assert sum(len(each) for each, _ in rows) == REPLAYED_SAMPLE
    replay.evaluate(second, x, x)
    assert sum(second.seen) == len(x)


def test_a_model_of_two_outputs_gives_two_arrays(replay):
    def both(x, training):
        del training
        return [x, 2 * x]

    x = np.ones((BATCH + 1, 2))
    first, second = replay.predict(both, x)
    assert (first == x).all() and (second == 2 * x).all()


def test_what_the_decoder_of_a_trained_autoencoder_draws_is_kept(replay):
    replay.fit(Model(), graph(1, 2), "fit-1")
    codes, images = np.zeros((5, 2)), np.ones((5, 4))
    replay.drew(graph(2), codes, images)
    replay.drew(graph(2), codes[:1], 3 * images[:1])
    replay.drew(graph(1), images, codes)  # the encoder
    replay.drew(graph(1, 2), codes, 7 * images)  # the whole
    replay.drew(graph(3), codes, 7 * images)  # layers of no trained network
    replay.hand_over(None)
    sent = replay._frames.arrays["generated"]
    assert sent.dtype == np.float32 and sent[:, 0].tolist() == [1, 1, 1, 1, 1, 3]


def test_images_of_a_function_come_first_and_are_not_many(replay):
    replay.hand_over(np.zeros((MAX_IMAGES + 9, 28, 28), dtype=np.uint8))
    assert replay._frames.arrays["generated"].shape == (MAX_IMAGES, 784)


@pytest.mark.parametrize("images", [None, np.zeros((0, 4)), np.zeros(4), np.array([["a"]])])
def test_nothing_drawn_nothing_sent(replay, images):
    replay.hand_over(images)
    assert replay._frames.arrays == {}


def test_figures_stand_with_their_cell(replay):
    pyplot = pytest.importorskip("matplotlib.pyplot")
    pyplot.close("all")
    pyplot.plot([1, 2])
    ended(replay, 3, "plt.plot([1, 2])", plt=pyplot)
    assert [(one.where.cell, one.frame) for one in replay.figures] == [(3, "figure-01")]
    assert pyplot.get_fignums() == []


def test_a_layer_without_weights_is_a_layer(replay):
    replay.fit(Model(), Graph(layers=(flatten().model_copy(update={"uid": 7}),)), "fit-9")
    assert not replay.is_real(graph(7))
