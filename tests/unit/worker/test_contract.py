"""`submission.py`: each function is called as the contract says, and one that fails costs its own task."""

import sys

import numpy as np
import pytest

from harness.worker.cells import Cell
from harness.worker.contract import Build, Contract, ContractRun
from harness.worker.execute import Runner

rng = np.random.default_rng(0)
DATA = {
    "x_train": rng.integers(0, 256, (6, 28, 28), dtype=np.uint8),
    "y_train": rng.integers(0, 10, 6, dtype=np.uint8),
    "x_test": rng.integers(0, 256, (2, 28, 28), dtype=np.uint8),
    "y_test": rng.integers(0, 10, 2, dtype=np.uint8),
}
CONTRACT = Contract(
    preprocess="preprocess",
    noise="salt_and_pepper",
    generate="generate_digits",
    builds=(
        Build(task="2C", function="build_mlp", epochs=10, batch_size=128),
        Build(
            task="2D",
            function="build_weight_decay_mlp",
            epochs=40,
            batch_size=128,
            factors=(1e-6, 1e-3),
            replicates=3,
        ),
        Build(task="4A", function="build_autoencoder", epochs=32, batch_size=64, noise_level=0.4),
    ),
)
PREPROCESS = """
def preprocess(images, labels):
    return (images / 255).reshape(-1, 28, 28, 1).astype("float32"), np.eye(10)[labels]
"""
NOISE = """
def salt_and_pepper(images, noise_level):
    images += 0
    return np.full(images.shape, noise_level)
"""


class Model:
    """What a builder returns: it notes how it was fitted."""

    def __init__(self, *input_shape):
        self.input_shape = input_shape
        self.fits = []

    def fit(self, x, y, *, epochs, batch_size, verbose, validation_data=None, validation_split=None):
        self.fits.append((x, y, epochs, batch_size, validation_data or validation_split))

    def predict(self, x, verbose):
        return np.full((len(x), 3), x.mean())


class Record:
    """In the recorder's place."""

    def __init__(self):
        self.contract_task = None
        self.seen = []
        self.notes = []
        self.tasks = []

    def see(self, thing):
        self.seen.append(thing)

    def note(self, code, message):
        self.notes.append((code, message))


class Run:
    def __init__(self, text, contract=CONTRACT, seconds=5.0, **names):
        def supply(name):
            if name == "np":
                return np
            raise KeyError(name)

        self.record = Record()
        self.made = []
        self.runner = Runner(supply, 5.0)

        def model(*shape):
            self.made.append((self.record.contract_task, Model(*(shape or (None, 28, 28, 1)))))
            return self.made[-1][1]

        self.runner.namespace.update(names, model=model)
        self.runner.run_cell(Cell("submission.py", None, text))
        self.contract = ContractRun(contract, self.runner, self.record, DATA, seconds)
        self.contract.run()
        self.errors = self.runner.errors

    @property
    def trained(self):
        """(task, epochs, batch size) of every fit."""
        return [(task, fit[2], fit[3]) for task, model in self.made for fit in model.fits]


@pytest.fixture(autouse=True)
def own_main(monkeypatch):
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])


ON_CODES = Contract(
    preprocess="preprocess",
    builds=(
        Build(task="3", function="build_autoencoder", epochs=100, batch_size=256),
        Build(
            task="5", function="build_classifier", epochs=9, batch_size=8, wide=True, codes_of="3", replicates=2,
            validation_split=0.25,
        ),
        Build(task="6", function="build_classifier", epochs=9, batch_size=8, wide=True),
    ),
)  # fmt: skip
CLASSIFIER = "widths = []\ndef build_classifier(width):\n    widths.append(width)\n    return model(None, width)\n"


def test_a_classifier_is_fitted_on_the_codes_of_another_function_s_encoder():
    run = Run(
        f"{PREPROCESS}{CLASSIFIER}def build_autoencoder(): return model(None, 784), model(None, 784), 'decoder'\n",
        ON_CODES,
    )
    assert run.errors == []
    assert run.runner.namespace["widths"] == [3, 3, 784]  # encoded once, however often it is fitted
    codes = [fit for task, model in run.made for fit in model.fits if task == "5"]
    assert [fit[0].shape for fit in codes] == [(6, 3), (6, 3)]
    assert codes[0][4] == 0.25


def test_without_an_encoder_the_classifier_on_codes_fails_alone():
    text = f"{PREPROCESS}{CLASSIFIER}def build_autoencoder(): return model(None, 784)\n"
    run = Run(text, ON_CODES)
    assert [error.source for error in run.errors] == ["build_classifier()"]
    assert "whose function gave no encoder" in run.errors[0].message
    assert run.trained == [("3", 100, 256), ("6", 9, 8)]


def test_every_function_is_called_as_the_assignment_says():
    run = Run(
        f"{PREPROCESS}{NOISE}\n"
        "def build_mlp(): return model()\n"
        "given = []\n"
        "def build_weight_decay_mlp(l2):\n    given.append(l2)\n    return model()\n"
        "def build_autoencoder():\n    return model(None, 784), 'encoder', 'decoder'\n"
    )
    assert run.errors == []
    assert run.trained == [("2C", 10, 128)] + [("2D", 40, 128)] * 6 + [("4A", 32, 64)]
    assert run.runner.namespace["given"] == [1e-6] * 3 + [1e-3] * 3
    assert run.record.seen[1:] == ["encoder", "decoder"]
    assert run.record.contract_task is None


def test_what_a_classifier_is_fitted_on():
    run = Run(f"{PREPROCESS}\ndef build_mlp(): return model(None, 784)")
    ((x, y, _, _, (test_x, test_y)),) = run.made[0][1].fits
    assert (x.shape, y.shape, test_x.shape, test_y.shape) == ((6, 784), (6, 10), (2, 784), (2, 10))
    assert (y.argmax(axis=1) == DATA["y_train"]).all()
    assert x.max() <= 1


def test_an_autoencoder_is_fitted_from_noisy_to_clean():
    run = Run(f"{PREPROCESS}{NOISE}\ndef build_autoencoder(): return [model(None, 784)]")
    ((x, y, _, _, (test_x, test_y)),) = run.made[0][1].fits
    assert (x == 0.4).all()
    assert (test_x == 0.4).all()
    assert np.allclose(y.reshape(6, 28, 28), DATA["x_train"] / 255)
    assert test_y.shape == (2, 784)


def test_images_of_another_size_are_left_to_fail_in_fit():
    run = Run(f"{PREPROCESS}\ndef build_mlp(): return model(None, 32, 32, 1)")
    assert run.made[0][1].fits[0][0].shape == (6, 28, 28, 1)


def test_what_preprocess_does_to_its_arguments_does_not_matter():
    before = DATA["x_train"].copy()
    run = Run("def preprocess(images, labels):\n    images[:] = 0\n    labels[:] = 0\n    return images, labels")
    assert run.errors == []
    assert (DATA["x_train"] == before).all()


def test_recipes_are_as_handed_in():
    run = Run(
        f"{PREPROCESS}{NOISE}\n"
        "RECIPES = {'2C': {'epochs': 3, 'function': 'x', 'task': '4A'}, '2D': {'factors': [1e-5]}, '4A': 3}\n"
        "def build_mlp(): return model()\n"
        "def build_weight_decay_mlp(l2): return model()\n"
    )
    assert run.errors == []
    assert run.trained == [("2C", 3, 128)] + [("2D", 40, 128)] * 3


def test_recipes_do_not_rename_a_function():
    run = Run(f"{PREPROCESS}\nRECIPES = {{'2C': {{'function': 'build_cnn'}}}}\ndef build_mlp(): return 3")
    assert "build_mlp() returned int" in run.errors[0].message


@pytest.mark.parametrize("recipes", ["3", "None", "{'2C': None}", "{3: {}}", "[]"])
def test_recipes_that_are_none_leave_the_assignment_its_own(recipes):
    run = Run(f"{PREPROCESS}\nRECIPES = {recipes}\ndef build_mlp(): return model()")
    assert (run.errors, run.trained) == ([], [("2C", 10, 128)])


@pytest.mark.parametrize(
    "recipe", ["{'epochs': 'ten'}", "{'epochs': None}", "{'factors': 3}", "{'replicates': 1.5}"]
)
def test_a_recipe_of_the_wrong_type_costs_its_task(recipe):
    run = Run(f"{PREPROCESS}{NOISE}\nRECIPES = {{'2C': {recipe}}}\ndef build_mlp(): return model()\n"
              "def build_autoencoder(): return model()")  # fmt: skip
    assert [task for task, *_ in run.trained] == ["4A"]
    assert [error.source for error in run.errors] == ["build_mlp()"]


@pytest.mark.parametrize(
    ("body", "kind", "words"),
    [
        ("return 1 / 0", "error", "division by zero"),
        ("raise SystemExit", "exit", "exit()"),
        ("while True: pass", "timeout", "longer than"),
        ("return 3", "error", "returned int; expected a compiled Keras model"),
        ("return None", "error", "returned NoneType"),
        ("return ()", "error", "returned tuple"),
        ("raise ValueError('half \\ud800')", "error", "half ?"),
        ("class E(Exception):\n        def __str__(self): 1 / 0\n    raise E", "error", "E"),
    ],
)
def test_a_function_that_fails_costs_its_own_task(body, kind, words):
    text = f"{PREPROCESS}{NOISE}\ndef build_mlp():\n    {body}\ndef build_autoencoder(): return model()"
    run = Run(text, seconds=0.3)
    assert [task for task, *_ in run.trained] == ["4A"]
    (error,) = run.errors
    assert (error.kind, error.source) == (kind, "build_mlp()")
    assert words in error.message
    assert error.where.file == "submission.py"
    assert error.where.line in range(9, 13)
    error.model_dump_json()


@pytest.mark.parametrize(
    ("answer", "words"),
    [("None", "NoneType"), ("images", "ndarray"), ("(images,)", "tuple"), ("(images, labels, 1)", "tuple")],
)
def test_preprocess_returns_two(answer, words):
    run = Run(f"def preprocess(images, labels): return {answer}\ndef build_mlp(): return model()")
    assert words in run.errors[0].message
    ((x, *_),) = run.made[0][1].fits  # its own task is lost, the others are not
    assert x.shape == (6, 28, 28, 1)


def test_without_preprocess_the_others_are_tried_on_the_assignments_own():
    run = Run("def build_mlp(): return model()")
    ((x, y, *_),) = run.made[0][1].fits
    assert x.dtype == np.float32 and np.allclose(x[..., 0], DATA["x_train"] / 255)
    assert (y.argmax(axis=1) == DATA["y_train"]).all()


def test_functions_that_are_missing_are_not_attempted():
    assert Run(PREPROCESS).errors == []
    assert Run("preprocess = 3").errors == []


def test_an_autoencoder_without_a_noise_function_says_so():
    run = Run(f"{PREPROCESS}\ndef build_autoencoder(): return model()")
    assert "there is no salt_and_pepper()" in run.errors[0].message


def test_a_function_of_almost_the_right_name_is_pointed_out():
    run = Run(
        "def pre_process(images, labels): pass\ndef build_ml(): pass\ndef Build_Autoencoder(): pass\n"
        "def helper(): pass"
    )
    assert [(code, message.split("`")[1::2]) for code, message in run.record.notes] == [
        ("misspelt-function", ["preprocess()", "pre_process()"]),
        ("misspelt-function", ["build_mlp()", "build_ml()"]),
        ("misspelt-function", ["build_autoencoder()", "Build_Autoencoder()"]),
    ]
