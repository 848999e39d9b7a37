"""Which weights a fit of a hand-in starts from; loops and classes of its own: one notebook, each cell a test."""

from __future__ import annotations

import pytest
from notebooks import notebook, write
from recorded import NETWORK, by_cell, run, save_images

pytestmark = pytest.mark.end_to_end

CELLS: dict[str, str] = {
    "imports": NETWORK,
    # --- where weights come from
    "again": "m = mlp(); m.fit(X, Y); m.fit(X, Y)",
    "compiled again": "m = mlp(); m.fit(X, Y); m.compile('adam', 'mse'); m.fit(X, Y)",
    "set back": "m = mlp(); w = m.get_weights(); m.fit(X, Y); m.set_weights(w); m.fit(X, Y)",
    "taken over": """
m = mlp(); m.fit(X, Y); kept = {"best": m.get_weights()}
other = mlp(); other.set_weights([w.copy() for w in kept["best"]]); other.fit(X, Y)
third = mlp(); third.layers[0].set_weights(m.get_layer("hidden").get_weights()); third.fit(X, Y)""",
    "saved": """
m = mlp(); m.fit(X, Y)
m.save("m.keras"); m.save("m.h5"); m.save_weights("m.weights.h5"); np.savez("w.npz", *m.get_weights())
import pickle; pickle.dump(m.get_weights(), open("w.pickle", "wb"))
keras.models.load_model("m.keras").fit(X, Y)
keras.models.load_model("m.h5").fit(X, Y)
other = mlp(); other.load_weights("m.weights.h5"); other.fit(X, Y)
other = mlp(); other.set_weights(list(np.load("w.npz").values())); other.fit(X, Y)
other = mlp(); other.set_weights(pickle.load(open("w.pickle", "rb"))); other.fit(X, Y)""",
    "fresh": """
m = mlp(); m.fit(X, Y)
other = keras.models.clone_model(m); other.compile("sgd", "mse"); other.fit(X, Y)
other = keras.models.model_from_json(m.to_json()); other.compile("sgd", "mse"); other.fit(X, Y)
for layer in m.layers:
    layer.kernel.assign(layer.kernel_initializer(layer.kernel.shape)); layer.bias.assign(tf.zeros_like(layer.bias))
m.fit(X, Y)""",
    "replicates": "for _ in range(3): mlp().fit(X, Y)",
    "one seed": """
for _ in range(3):
    keras.utils.set_random_seed(1); mlp().fit(X, Y)""",
    "seed of tensorflow": """
for _ in range(3):
    tf.random.set_seed(1); mlp().fit(X, Y)""",
    "seeded initializers": """
for _ in range(3):
    start = keras.initializers.GlorotUniform(seed=3)
    m = keras.Sequential([layers.Dense(10, "softmax", kernel_initializer=start)])  # built by fit
    m.compile("sgd", "categorical_crossentropy"); m.fit(X, Y); m.fit(X, Y)""",
    "built by fit": """
for _ in range(3):
    m = keras.Sequential([layers.Dense(10, "softmax")])
    m.compile("sgd", "categorical_crossentropy"); m.fit(X, Y)""",
    "transfer": """
m = mlp(); m.fit(X, Y)
top = keras.Sequential([*m.layers[:-1], layers.Dense(10, activation="softmax", name="new")])
top.layers[0].trainable = False
top.compile("sgd", "categorical_crossentropy"); top.fit(X, Y)
top.layers[0].trainable = True
top.compile("sgd", "categorical_crossentropy"); top.fit(X, Y)""",
    "frozen too late": """
m = mlp(); m.fit(X, Y); m.layers[0].trainable = False; m.fit(X, Y)
m.compile("sgd", "mse"); m.fit(X, Y)
m.layers[0].trainable = True; m.fit(X, Y)""",
    "unknown weights": """
m = mlp(); m.fit(X, Y); m.set_weights([w / 2 for w in m.get_weights()]); m.fit(X, Y)""",
    "lstm": """
r = keras.Sequential([keras.Input((28, 28)), layers.LSTM(4), layers.BatchNormalization(), layers.Dense(10)])
r.compile("sgd", "mse"); r.fit(X.reshape(-1, 28, 28), Y); r.fit(X.reshape(-1, 28, 28), Y)""",
    "rate between": """
m = mlp(optimizer=keras.optimizers.SGD(0.5)); m.fit(X, Y)
m.optimizer.learning_rate.assign(0.25); m.fit(X, Y)
tf.keras.backend.set_value(m.optimizer.lr, 0.125); m.fit(X, Y)""",
    "until it is good": """
m, accuracy = mlp(), 0
while accuracy < 0.97:
    accuracy = m.fit(X, Y).history["accuracy"][-1]
accuracy = 0
while accuracy < 0.97:
    m = mlp()
    accuracy = m.fit(X, Y).history["accuracy"][-1]""",
    # --- loops of their own
    "train_on_batch": """
m = mlp()
for epoch in range(3):
    order = np.random.permutation(60)
    for start in range(0, 60, 16):
        rows = order[start:start + 16]
        loss, accuracy = m.train_on_batch(X[rows], Y[rows])
    m.evaluate(X, Y)
assert set(m.train_on_batch(X[:16], Y[:16], return_dict=True)) == {"loss", "accuracy"}
m.fit(X, Y)""",
    "random batches": """
m = mlp()
for _ in range(50):
    rows = np.random.randint(0, 60, 16)
    m.train_on_batch(X[rows], Y[rows])""",
    "noisy batches": """
a = keras.Sequential([keras.Input((784,)), layers.Dense(784)]); a.compile("adam", "mse")
for epoch in range(2):
    for start in range(0, 60, 20):
        batch = X[start:start + 20]
        a.train_on_batch(batch + np.random.normal(0, 0.1, batch.shape).astype("float32"), batch)""",
    "tape": """
t = keras.Sequential([keras.Input((784,)), layers.Dense(10)])
start = t.get_weights()[0].copy()
o = keras.optimizers.SGD(0.1)
for step in range(3):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((t(X * 0.5, training=True) - Y) ** 2)
    o.apply_gradients(zip(tape.gradient(loss, t.trainable_variables), t.trainable_variables))
assert not np.allclose(start, t.get_weights()[0])
t.compile("sgd", "mse"); t.fit(X, Y)""",
    "tape in a function": """
def build():
    f = keras.Sequential([keras.Input((784,)), layers.Dense(4), layers.Dense(10)])
    o = keras.optimizers.Adam()
    @tf.function
    def step(x, y):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((f(x) - y) ** 2)
        o.apply_gradients(zip(tape.gradient(loss, f.trainable_weights), f.trainable_weights))
    for x, y in tf.data.Dataset.from_tensor_slices((X, Y.astype("float32"))).batch(20):
        step(x, y)
    return f
f = build()""",
    "train_step": """
class Trainer(keras.Model):
    def __init__(self):
        super().__init__()
        self.d = layers.Dense(10)
    def call(self, x):
        return self.d(x)
    def train_step(self, data):
        x, y = data
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((self(x, training=True) - y) ** 2)
        self.optimizer.apply_gradients(zip(tape.gradient(loss, self.trainable_weights), self.trainable_weights))
        return {"my_loss": loss}
own = Trainer(); own.compile("sgd")
h = own.fit(X, Y, epochs=2, batch_size=20)
assert list(h.history) == ["my_loss"] and h.history["my_loss"][1] < h.history["my_loss"][0]""",
    # --- classes of their own
    "autoencoder class": """
class Autoencoder(keras.Model):
    def __init__(self):
        super().__init__()
        self.encoder = keras.Sequential([layers.Flatten(), layers.Dense(16, activation="relu", name="code")])
        self.decoder = keras.Sequential([layers.Dense(784, activation="sigmoid"), layers.Reshape((28, 28))])
        self.drop = layers.Dropout(0.2)
    def call(self, x, training=None):
        z = self.encoder(x)
        if training:
            z = self.drop(z, training=training)
        return self.decoder(z)
a = Autoencoder(); a.compile("adam", "mse")
clean = x_train / 255.
a.fit(clean, clean, epochs=2)
codes = a.encoder.predict(clean)
a.fit(clean, clean)""",
    "untraceable": """
class Odd(keras.Model):
    def __init__(self):
        super().__init__()
        self.d = layers.Dense(10)
    def call(self, x):
        return self.d(tf.reverse(x, [1]))
o = Odd(); o.compile("sgd", "mse"); o.fit(X, Y)""",
    "block": """
class Block(layers.Layer):
    def __init__(self):
        super().__init__()
        self.d, self.b = layers.Dense(8), layers.BatchNormalization()
    def call(self, x):
        return keras.activations.relu(self.b(self.d(x)))
k = keras.Sequential([keras.Input((784,)), Block(), layers.Dense(10, activation=tf.nn.softmax)])
k.compile("sgd", "categorical_crossentropy"); k.fit(X, Y); k.fit(X, Y)""",
    "lambda": """
k = keras.Sequential([keras.Input((28, 28)), layers.Rescaling(1 / 255), layers.Lambda(lambda x: x * 2),
                      layers.Flatten(), layers.Dense(10)])
k.compile("sgd", "mse"); k.fit(x_train, Y)""",
    "end": "print('the end')",
}  # fmt: skip


@pytest.fixture(scope="module")
def run_once(tmp_path_factory):
    folder = write(tmp_path_factory.mktemp("one"), {"a.ipynb": notebook(*CELLS.values())})
    return run(folder, save_images(tmp_path_factory.mktemp("data") / "data.npz"))


@pytest.fixture(scope="module")
def recording(run_once):
    return run_once[0]


@pytest.fixture(scope="module")
def cell(recording):
    """What was seen of the cell of a name."""
    return by_cell(recording, "a.ipynb", list(CELLS)).__getitem__


def states(fit):
    """(the layer's name, the fit that left its weights) of a fit."""
    names = {layer.uid: layer.name for layer in fit.layers}
    return [(names[state.layer], state.fit) for state in fit.states]


def classes(fit):
    return [layer.class_name for layer in fit.layers]


@pytest.mark.parametrize("name", CELLS)
def test_what_works_in_a_real_run_works_here(cell, name):
    assert [(error.type, error.message, error.where.line) for error in cell(name).errors] == []


def test_the_run_came_to_its_end(recording, cell):
    assert recording.complete
    assert cell("end").printed == "the end\n"


# --- where weights come from


def test_a_fit_goes_on_from_the_last(cell):
    first, second = cell("again").fits
    assert (first.states, first.continues, first.previous) == ((), None, ())
    assert states(second) == [("hidden", first.id), ("last", first.id)]
    assert (second.continues, second.previous) == (first.id, (first.id,))
    assert [state.layer for state in second.states] == [state.of for state in second.states]


def test_a_new_compile_ends_the_chain_and_keeps_the_weights(cell):
    first, second = cell("compiled again").fits
    assert states(second) == [("hidden", first.id), ("last", first.id)]
    assert second.continues is None


def test_weights_that_are_set_back_are_fresh(cell):
    _, second = cell("set back").fits
    assert (second.states, second.continues, second.problem) == ((), None, None)


def test_weights_are_known_in_another_model(cell):
    first, second, third = cell("taken over").fits
    assert states(second) == [("hidden", first.id), ("last", first.id)]
    assert states(third) == [("hidden", first.id)]
    trained = {layer.name: layer.uid for layer in first.layers}
    assert [state.of for state in second.states] == [trained["hidden"], trained["last"]]
    assert {state.layer for state in second.states}.isdisjoint(trained.values())
    assert second.previous == ()


def test_weights_are_known_after_files(cell):
    first, *others = cell("saved").fits
    assert len(others) == 5
    assert [states(fit) for fit in others] == [[("hidden", first.id), ("last", first.id)]] * 5


def test_clones_and_fresh_initial_values_are_fresh(cell):
    _, *others = cell("fresh").fits
    assert [(fit.states, fit.problem) for fit in others] == [((), None)] * 3


@pytest.mark.parametrize("name", ["replicates", "built by fit", "seed of tensorflow"])
def test_replicates_start_from_weights_of_their_own(cell, name):
    """In Keras 3 initializers take their seeds from Python's generator, which `tf.random.set_seed` leaves alone."""
    hashes = [fit.initial for fit in cell(name).fits]
    assert len(set(hashes)) == 3
    assert None not in hashes


def test_replicates_of_one_seed_start_alike(cell):
    first, second, third = cell("one seed").fits
    assert first.initial == second.initial == third.initial is not None


def test_the_hash_is_of_the_first_fit_only(cell):
    hashes = [fit.initial for fit in cell("seeded initializers").fits]
    assert hashes == [hashes[0], None] * 3
    assert hashes[0] is not None
    assert [fit.initial is None for fit in cell("set back").fits] == [False, True]


def test_layers_that_another_model_took_over(cell):
    first, frozen, tuned = cell("transfer").fits
    assert [layer.trainable for layer in frozen.layers] == [True, False, True]
    assert states(frozen) == [("hidden", first.id)]
    assert states(tuned) == [("hidden", first.id), ("new", frozen.id)]


def test_trainable_counts_from_the_next_compile_on(cell):
    fits = cell("frozen too late").fits
    assert [fit.layers[1].trainable for fit in fits] == [True, True, False, False]
    assert [fit for _, fit in states(fits[3])] == [fits[1].id, fits[2].id]
    assert cell("frozen too late").codes == ["trainable-without-compile"]


def test_fitting_until_it_is_good_ends(cell):
    fits = cell("until it is good").fits
    assert sum(fit.continues is not None for fit in fits) < 10
    assert len(fits) < 500


def test_weights_that_no_fit_left_are_a_problem(cell):
    first, second = cell("unknown weights").fits
    assert first.problem is None
    assert "`hidden` starts from weights that no fit" in second.problem


def test_layers_with_odd_initial_values(cell):
    first, second = cell("lstm").fits
    assert (first.states, first.problem) == ((), None)
    assert [fit for _, fit in states(second)] == [first.id] * 3
    assert second.continues == first.id


def test_a_rate_that_is_set_between_fits(cell):
    rates = [fit.optimizer.config["learning_rate"] for fit in cell("rate between").fits]
    assert rates == [0.5, 0.25, 0.125]
    assert [fit.continues for fit in cell("rate between").fits][1:] == [
        fit.id for fit in cell("rate between").fits[:-1]
    ]


# --- loops of their own


def test_steps_are_told_as_epochs(cell):
    loop, once, fit = cell("train_on_batch").fits
    assert (loop.method, loop.epochs, loop.batch_size, loop.problem) == ("train_on_batch", 3, 16, None)
    assert (loop.data.x.source, loop.data.x.rows.count, loop.data.y.labels_match) == ("x_train", 60, 1)
    assert (once.epochs, once.data.x.rows.count) == (1, 16)
    assert states(fit) == [("hidden", once.id), ("last", once.id)]
    assert (once.continues, fit.continues) == (loop.id, once.id)


def test_steps_that_are_no_epochs_are_a_problem(cell):
    (fit,) = cell("random batches").fits
    assert "50 steps of train_on_batch" in fit.problem


def test_steps_on_noise_are_told_by_their_targets(cell):
    (fit,) = cell("noisy batches").fits
    assert (fit.epochs, fit.batch_size, fit.problem, fit.data.y.source) == (2, 20, None, "x_train")


def test_loops_of_their_own_run_for_real(run_once, cell):
    recording, arrays = run_once
    tape, function, step = recording.self_trained
    assert [record.how for record in (tape, function, step)] == ["gradient_tape", "gradient_tape", "train_step"]
    assert [record.where.cell for record in (tape, function, step)] == [
        list(CELLS).index(name) + 1 for name in ("tape", "tape in a function", "train_step")
    ]
    assert [arrays[name].shape for name in tape.weights] == [(784, 10), (10,)]
    assert [record.params for record in (tape, function, step)] == [7850, 3190, 7850]
    assert (tape.inputs.shape, tape.inputs.low, tape.inputs.high) == ((60, 784), 0.0, 0.5)
    assert not any(record.stopped or record.problem for record in recording.self_trained)
    (after,) = cell("tape").fits
    assert "a loop of its own" in after.problem
    (fit,) = cell("train_step").fits
    assert "`train_step` of its own" in fit.problem
    assert fit.data.x.source == "x_train"


# --- classes of their own


def test_a_class_of_their_own_is_followed(cell):
    first, second = cell("autoencoder class").fits
    assert classes(first) == ["InputLayer", "Flatten", "Dense", "Dropout", "Dense", "Reshape"]
    assert (first.problem, first.params) == (None, 784 * 16 + 16 + 16 * 784 + 784)
    assert [node.arguments for node in first.nodes] == [{}] * 6
    assert second.continues == first.id
    assert [state.layer for state in second.states] == [first.layers[2].uid, first.layers[4].uid]


def test_what_cannot_be_followed_says_so(cell):
    (fit,) = cell("untraceable").fits
    assert "it is a class of its own, and its own `call` could not be followed" in fit.problem


def test_layers_that_hold_layers_are_inlined(cell):
    first, second = cell("block").fits
    assert classes(first) == ["InputLayer", "Dense", "BatchNormalization", "ops.ReLU", "Dense"]
    assert first.layers[-1].config["activation"] == "softmax"
    assert len(second.states) == 3


def test_lambda_layers_are_named(cell):
    (fit,) = cell("lambda").fits
    assert classes(fit) == ["InputLayer", "Rescaling", "Lambda", "Flatten", "Dense"]


def test_the_same_hand_in_gives_the_same_recording(recording, tmp_path):
    folder = write(tmp_path / "again", {"a.ipynb": notebook(*CELLS.values())})
    again, _ = run(folder, save_images(tmp_path / "data.npz"))
    assert again.model_dump(exclude={"seconds"}) == recording.model_dump(exclude={"seconds"})
