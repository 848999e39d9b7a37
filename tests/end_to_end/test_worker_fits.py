"""What `fit` and its relatives are given in hand-ins, and what is noted of it: one notebook, each cell a test."""

from __future__ import annotations

import pytest
from notebooks import notebook, write
from recorded import NETWORK, by_cell, run, save_images

pytestmark = pytest.mark.end_to_end

CELLS: dict[str, str] = {
    "imports": NETWORK,
    # --- what fails
    "encoded twice": "m.fit(X, keras.utils.to_categorical(Y), epochs=7)",
    "not equally many": "m.fit(X, Y[:-1])",
    "not compiled": "keras.Sequential([keras.Input((784,)), layers.Dense(10)]).fit(X, Y)",
    "label too large": """
mlp(loss="sparse_categorical_crossentropy").fit(X, np.where(np.arange(60) == 40, 10, y_train))""",
    "schedule that fails": """
mlp().fit(X, Y, callbacks=[keras.callbacks.LearningRateScheduler(lambda epoch: 1 / epoch)])""",
    "callback that fails": """
class Bad(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        logs["nothing"]
mlp().fit(X, Y, callbacks=[Bad()])""",
    "batch of the wrong shape": "m.train_on_batch(x_train, Y)",
    # --- data
    "image generator": """
from tensorflow.keras.preprocessing.image import ImageDataGenerator
c = keras.Sequential([keras.Input((28, 28, 1)), layers.Flatten(), layers.Dense(10)])
c.compile("sgd", "mse")
flow = ImageDataGenerator(rotation_range=10, zoom_range=0.1).flow(images, Y, batch_size=16)
c.fit(flow, epochs=3, steps_per_epoch=60 // 16, validation_data=(images, Y))
c.fit(ImageDataGenerator().flow(images, Y, batch_size=16, shuffle=False), steps_per_epoch=2)
raw = x_train.reshape(-1, 28, 28, 1)
c.fit(ImageDataGenerator(rescale=1 / 255).flow(raw, Y),
      validation_data=ImageDataGenerator(rescale=1 / 255).flow(raw, Y, shuffle=False))""",
    "pipelines": """
pairs = tf.data.Dataset.from_tensor_slices((X, Y))
m = mlp()
m.fit(pairs.shuffle(60).batch(16).prefetch(2), epochs=2, validation_data=pairs.batch(8))
m.fit(pairs.repeat().batch(16), epochs=2, steps_per_epoch=4)
m.fit(pairs.repeat().batch(16), epochs=2, steps_per_epoch=2)
m.fit(pairs.repeat(2).batch(30), epochs=2)
m.fit(pairs.repeat().batch(16))
raw = tf.data.Dataset.from_tensor_slices((x_train, y_train))
raw = raw.map(lambda x, y: (tf.reshape(tf.cast(x, tf.float32) / 255., [784]), tf.one_hot(y, 10))).batch(20)
m.fit(raw)
print(m.predict(raw).shape, len(m.evaluate(raw)))""",
    "generators": """
def batches(n):
    while True:
        for start in range(0, 60, n):
            yield X[start:start + n], Y[start:start + n]
def drawn(n):
    while True:
        rows = np.random.randint(0, 60, n)
        yield X[rows], Y[rows]
m = mlp()
m.fit(batches(20), steps_per_epoch=3, epochs=2, validation_data=batches(20), validation_steps=1)
m.fit(drawn(20), steps_per_epoch=3, epochs=2)
m.fit(((X[:20], Y[:20]) for _ in range(3)), epochs=2, steps_per_epoch=3)
m.fit_generator(batches(20), steps_per_epoch=3, epochs=2)
class Pairs(keras.utils.Sequence):
    def __len__(self): return 3
    def __getitem__(self, i): return X[20 * i:20 * i + 20], Y[20 * i:20 * i + 20]
m.fit(Pairs(), epochs=2)
class Tf(tf.keras.utils.Sequence):
    def __len__(self): return 3
    def __getitem__(self, i): return X[20 * i:20 * i + 20], Y[20 * i:20 * i + 20], np.ones(20)
m.fit(Tf())""",
    "forms": """
m = mlp()
m.fit(X.tolist(), Y.tolist())
m.fit([X], [Y]); m.fit((X,), Y)
m.fit(tf.constant(X), tf.one_hot(y_train, 10))
m.fit(X.astype("float64"), Y.astype(bool))
m.fit(X.astype("float16"), Y)
named = keras.Model(i := keras.Input((784,), name="image"), layers.Dense(10, name="digit")(i))
named.compile("sgd", {"digit": "mse"}, metrics={"digit": ["mae"]})
named.fit({"image": X}, {"digit": Y})
sparse = mlp(loss="sparse_categorical_crossentropy")
sparse.fit(X, y_train); sparse.fit(X, y_train.reshape(-1, 1).astype("float32"))""",
    "steps of arrays": """
mlp().fit(X, Y, steps_per_epoch=1, batch_size=20); mlp().fit(X, Y, steps_per_epoch=3, batch_size=20)""",
    "weights": """
mlp().fit(X, Y, class_weight={i: 1.0 + i for i in range(10)})
mlp().fit(X, Y, sample_weight=np.ones(60))
mlp(loss_weights=[2.0]).fit(X, Y)""",
    "split of a pipeline": "mlp().fit(tf.data.Dataset.from_tensor_slices((X, Y)).batch(8), validation_split=0.1)",
    # --- callbacks
    "callbacks": """
C = keras.callbacks
mlp(optimizer=keras.optimizers.SGD(0.5)).fit(X, Y, epochs=4, validation_split=0.5, callbacks=[
    C.LearningRateScheduler(lambda epoch, lr: lr if epoch < 2 else lr / 2),
    C.EarlyStopping(monitor="val_loss", patience=3, min_delta=0.01, restore_best_weights=True, start_from_epoch=1),
    C.ReduceLROnPlateau(factor=0.5, patience=2, cooldown=1, min_lr=1e-5),
    C.ModelCheckpoint("best.keras", save_best_only=True), C.TerminateOnNaN()])""",
    "rates of epochs": """
o = keras.optimizers.SGD(1.0)
t = mlp(optimizer=o)
t.fit(X, Y, epochs=5, initial_epoch=2, callbacks=[keras.callbacks.LearningRateScheduler(lambda e: 0.5 ** e)])
assert abs(float(o.learning_rate) - 0.0625) < 1e-6
t.fit(X, Y)""",
    "own callbacks": """
class Curves(keras.callbacks.Callback):
    def on_train_begin(self, logs=None):
        self.acc, self.batches = [], 0
    def on_batch_end(self, batch, logs):
        self.batches += 1
    def on_epoch_end(self, epoch, logs=None):
        self.acc.append((epoch, logs.get("acc"), logs["val_loss"], self.model.evaluate(X, Y)[0]))
class Stops(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        if logs.get("accuracy") > 0.9:
            self.model.stop_training = True
curves, lines, history = Curves(), [], keras.callbacks.History()
h = mlp().fit(X, Y, epochs=5, validation_split=0.5, callbacks=[curves, Stops(), history,
    keras.callbacks.LambdaCallback(on_epoch_end=lambda e, logs: lines.append(logs["loss"])),
    keras.callbacks.CSVLogger("log.csv")])
assert len(curves.acc) == len(lines) == len(history.history["loss"]) == 5 and curves.batches == 5
assert len(open("log.csv").read().splitlines()) == 6 and len(h.history["loss"]) == 5""",
    "schedules": """
rate = keras.optimizers.schedules.ExponentialDecay(0.1, 100, 0.9, staircase=True)
mlp(optimizer=keras.optimizers.Adam(rate)).fit(X, Y)""",
    # --- compile
    "compiled": """
def mine(y, p): return keras.ops.mean((y - p) ** 2)
mlp(loss=mine, metrics=[mine]).fit(X, Y)
mlp(loss=["mse"], metrics="acc").fit(X, Y)
mlp(optimizer="Adam", loss=keras.losses.mean_squared_error, run_eagerly=True).fit(X, Y)
d = keras.Sequential([keras.Input((784,)), layers.Dense(10)]); d.compile(loss="mse"); d.fit(X, Y)
h = mlp(metrics=["acc", keras.metrics.Recall(name="recall")]).fit(X, Y, validation_data=(X, Y))
print(sorted(h.history), h.params, h.model.history is h)""",
    # --- uses
    "uses": """
m = mlp(); m.fit(X, Y)
big, labels = np.tile(X_test, (60, 1)), np.tile(Y_test, (60, 1))
for _ in range(3):
    m.evaluate(big, labels)
m.predict(big); m.predict(X_test)
answer = m(big)
assert answer.shape == (1200, 10) and isinstance(answer, tf.Tensor) and answer.dtype == tf.float32
small = m(X_test)
assert np.allclose(small, m.predict_on_batch(X_test), atol=1e-6)
assert len(m.test_on_batch(X_test, Y_test)) == 2
print(np.unique(np.argmax(m.predict(big), axis=1)).size > 1)""",
    "answers of answers": """
code = keras.Sequential([keras.Input((784,)), layers.Dense(4)])
whole = keras.Sequential([code, layers.Dense(784)]); whole.compile("sgd", "mse"); whole.fit(X, X)
z = np.concatenate([code.predict(X[:30]), code.predict(X[30:])])
k = keras.Sequential([keras.Input((4,)), layers.Dense(10)]); k.compile("sgd", "mse")
k.fit(z, Y)""",
    "end": "print('the end')",
}  # fmt: skip
FAILING = {
    "encoded twice": "ValueError",
    "not equally many": "ValueError",
    "not compiled": "ValueError",
    "label too large": "InvalidArgumentError",
    "schedule that fails": "ZeroDivisionError",
    "callback that fails": "KeyError",
    "split of a pipeline": "ValueError",
    "batch of the wrong shape": "ValueError",
}


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


@pytest.mark.parametrize("name", [name for name in CELLS if name not in FAILING])
def test_what_works_in_a_real_run_works_here(cell, name):
    assert [(error.type, error.message, error.where.line) for error in cell(name).errors] == []


def test_the_run_came_to_its_end(recording, cell):
    assert recording.complete
    assert cell("end").printed == "the end\n"


# --- what fails


@pytest.mark.parametrize("name", FAILING)
def test_a_fit_that_fails_is_noted_and_fails(cell, name):
    (error,) = cell(name).errors
    (fit,) = cell(name).fits
    assert error.type == FAILING[name]
    assert fit.error.startswith(f"{error.type}: ")
    assert fit.layers


def test_what_failed_says_what_it_was_given(cell):
    (fit,) = cell("encoded twice").fits
    assert (fit.data.y.encoding, fit.data.x.source, fit.epochs) == ("one_hot_twice", "x_train", 7)


# --- data


def test_image_generators(cell):
    turned, part, scaled = cell("image generator").fits
    assert turned.data.augmentation == {"rotation_range": 10, "zoom_range": [0.9, 1.1]}
    assert (turned.data.kind, turned.data.x.source, turned.data.x.rows.kind) == ("generator", "x_train", "all")
    assert (turned.batch_size, turned.shuffle, turned.epochs, turned.problem) == (16, True, 3, None)
    assert turned.data.validation_x.source == "x_train"
    assert (part.data.augmentation, part.shuffle) == ({}, False)
    assert "2 steps of 16, a part of its 60 rows" in part.problem
    assert list(scaled.data.augmentation) == ["rescale"]
    assert scaled.data.x.scale == 1
    assert scaled.data.validation_x.scale == pytest.approx(1 / 255)


def test_pipelines(cell):
    shuffled, whole, part, twice, endless, mapped = cell("pipelines").fits
    assert {fit.data.kind for fit in cell("pipelines").fits} == {"dataset"}
    assert (shuffled.data.x.rows.count, shuffled.batch_size, shuffled.problem) == (60, 16, None)
    assert shuffled.data.y.labels_match == 1
    assert shuffled.data.validation_x.rows.kind == "all"
    assert (whole.problem, whole.data.x.rows.count) == (None, 64)
    assert "each of its epochs has other data" in part.problem
    assert (twice.problem, twice.data.x.rows.count, twice.epochs) == (None, 120, 2)
    assert "repeats without end" in endless.problem
    assert (mapped.data.x.source, mapped.data.x.rows.kind, mapped.data.y.encoding) == ("x_train", "all", "one_hot")
    assert cell("pipelines").printed == "(60, 10) 2\n"


def test_generators(cell):
    whole, random, same, old, sequence, weighted = cell("generators").fits
    for fit in (whole, old, sequence):
        assert (fit.data.kind, fit.data.x.rows.kind, fit.batch_size, fit.problem) == ("generator", "all", 20, None)
        assert (fit.data.y.source, fit.epochs) == ("y_train", 2)
    assert whole.data.validation_x.rows.count == 20
    assert "each of its epochs has other data" in random.problem
    assert "ends before the last epoch" in same.problem
    assert "sample weights" in weighted.problem


def test_every_form_of_an_array(cell):
    fits = cell("forms").fits
    assert len(fits) == 9
    assert [(fit.data.x.source, fit.data.y.source, fit.problem) for fit in fits] == [
        ("x_train", "y_train", None)
    ] * 9
    assert [fit.data.y.encoding for fit in fits] == ["one_hot"] * 7 + ["labels"] * 2
    assert (fits[6].loss.class_name, fits[6].metrics) == ("mse", ("mae",))


def test_steps_that_are_a_part_of_the_arrays(cell):
    part, whole = cell("steps of arrays").fits
    assert "1 steps of 20, a part of its 60 rows" in part.problem
    assert whole.problem is None


def test_weights_of_classes_and_samples(cell):
    classes_, samples, losses = cell("weights").fits
    assert (classes_.class_weight["9"], classes_.problem) == (10.0, None)
    assert "sample weights" in samples.problem
    assert "loss_weights" in losses.problem


# --- callbacks


def test_callbacks_of_keras_with_all_their_settings(cell):
    (fit,) = cell("callbacks").fits
    told = {item.class_name: item.config for item in fit.callbacks}
    assert told["LearningRateScheduler"] == {"rates": [0.5, 0.5, 0.25, 0.125]}
    assert told["EarlyStopping"] == {
        "monitor": "val_loss", "min_delta": 0.01, "patience": 3, "mode": "auto", "baseline": None,
        "restore_best_weights": True, "start_from_epoch": 1,
    }  # fmt: skip
    plateau = told["ReduceLROnPlateau"]
    assert (plateau["factor"], plateau["patience"], plateau["cooldown"], plateau["min_lr"]) == (0.5, 2, 1, 1e-5)
    assert told["ModelCheckpoint"]["save_best_only"] is True
    assert "TerminateOnNaN" in told


def test_a_schedule_is_asked_for_its_epochs_and_leaves_its_last_rate(cell):
    first, second = cell("rates of epochs").fits
    assert first.callbacks[0].config == {"rates": [0.25, 0.125, 0.0625]}
    assert first.optimizer.config["learning_rate"] == 1.0
    assert second.optimizer.config["learning_rate"] == 0.0625


def test_own_callbacks_are_run_and_say_what_they_steer(cell):
    (fit,) = cell("own callbacks").fits
    told = [(item.class_name, item.config.get("steers")) for item in fit.callbacks]
    assert told[:4] == [
        ("custom:Curves", []), ("custom:Stops", ["stop_training"]), ("History", None), ("LambdaCallback", []),
    ]  # fmt: skip


def test_schedules_in_an_optimizer(cell):
    (fit,) = cell("schedules").fits
    rate = fit.optimizer.config["learning_rate"]
    assert (rate["class_name"], rate["config"]["decay_steps"]) == ("ExponentialDecay", 100)


def test_compile_in_every_form(cell):
    own, listed, function, default, _ = cell("compiled").fits
    assert (own.loss.class_name, own.metrics) == ("custom:mine", ("mine",))
    assert (listed.loss.class_name, listed.metrics) == ("mse", ("acc",))
    assert (function.loss.class_name, function.optimizer.class_name) == ("mean_squared_error", "Adam")
    assert default.optimizer.class_name == "RMSprop"
    assert cell("compiled").printed == (
        "['acc', 'loss', 'recall', 'val_acc', 'val_loss', 'val_recall'] "
        "{'verbose': 'auto', 'epochs': 1, 'steps': 2} True\n"
    )


# --- uses


def test_uses_are_noted_once_for_an_array_at_a_place(cell):
    uses = cell("uses").uses
    assert [(use.method, use.where.line, use.x.source, use.times) for use in uses] == [
        ("evaluate", 5, "x_test", 3), ("predict", 6, "x_test", 1), ("call", 7, "x_test", 1),
        ("predict", 12, "x_test", 1),
    ]  # fmt: skip
    assert cell("uses").printed == "True\n"


def test_codes_are_traced_to_the_images_that_they_are_of(cell):
    whole, on_codes = cell("answers of answers").fits
    made = on_codes.data.x.derived
    assert made.given.rows.kind == "all"
    assert (made.given.source, [state.fit for state in made.states]) == ("x_train", [whole.id])


def test_the_same_hand_in_gives_the_same_recording(recording, tmp_path):
    folder = write(tmp_path / "again", {"a.ipynb": notebook(*CELLS.values())})
    again, _ = run(folder, save_images(tmp_path / "data.npz"))
    assert again.model_dump(exclude={"seconds"}) == recording.model_dump(exclude={"seconds"})
