"""What is asked of a trainer, and that only an answer to it is taken: anything else is TrainerFailed."""

import contextlib
import io

import numpy as np
import pytest
from evidence import digits, fit
from hypothesis import given
from hypothesis import strategies as st
from saying import Saying, done, trainer_that_says

from harness.allowlist import Refused
from harness.models import ModelFacts
from harness.training import answers, channel, wire
from harness.training.channel import TrainerFailed, TrainingStopped
from harness.training.device import DeviceFacts, DeviceUnavailable
from harness.training.from_recording import from_fit
from harness.training.process import TrainerProcess
from harness.training.recipe import Scale
from harness.training.sent import Weighted

SEEN = {"device": "cpu", "precision": "float32"}
PREPARED = from_fit(fit(), {}, digits(), Scale(epochs=2, batch_size=64))
SHAPES = ((784, 64), (64,), (64, 64), (64,), (64, 10), (10,))
FACTS = ModelFacts(params=55_050, trainable_params=55_050, input_shape=(28, 28, 1), output_shape=(10,))


def knowing(facts, trainer):
    """The trainer, with what an inspection of the network told."""
    if facts:
        trainer._facts[PREPARED.recipe.model.model_dump_json()] = facts
    return trainer


def run_of(**changes):
    """An honest answer to one training, or one that is changed."""
    arrays = {"0/predictions": np.full((360, 10), 0.1, np.float32)}
    arrays |= {f"0/w{number:04}": np.zeros(shape, np.float32) for number, shape in enumerate(SHAPES)}
    told = {"histories": changes.pop("histories", [{"loss": [2.0, None]}]), "seconds": 0.5}
    arrays |= changes
    return done(told, {name: array for name, array in arrays.items() if array is not None})


def train(said, facts=FACTS):
    return knowing(facts, trainer_that_says(said)).train(PREPARED, lambda _epoch, _of: None)


def test_an_honest_run():
    run = train(run_of())
    assert run.history == {"loss": [2.0, None]} and run.predictions.shape == (360, 10)
    assert [weight.shape for weight in run.weights] == list(SHAPES)


@pytest.mark.parametrize(
    "changes",
    [
        {"histories": []},
        {"histories": [{"loss": [1.0]}, {"loss": [1.0]}]},
        {"histories": [{"loss": []}]},
        {"histories": [{"loss": [1.0] * 3}]},
        {"0/predictions": None},
        {"0/predictions": np.zeros((359, 10), np.float32)},
        {"0/predictions": np.zeros((360, 9), np.float32)},
        {"0/predictions": np.zeros((360, 0), np.float32)},
        {"0/predictions": np.zeros(360, np.float32)},
        {"0/predictions": np.zeros((360, 10))},
        {"0/w0000": None},
        {"0/w0000": np.zeros((784, 65), np.float32)},
        {"0/w0006": np.zeros(1, np.float32)},
        {"0/v": np.zeros(0, np.float32)},
        {"1/predictions": np.zeros((360, 10), np.float32)},
        {"predictions": np.zeros((360, 10), np.float32)},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_a_run_that_is_not_what_was_asked_is_our_fault(changes):
    with pytest.raises(TrainerFailed, match="nonsense"):
        train(run_of(**changes))


def test_weights_beyond_any_model_are_our_fault_where_nothing_is_known_of_it(monkeypatch):
    train(run_of(), facts=None)
    monkeypatch.setattr(answers, "MAX_PARAMS", 55_049)
    with pytest.raises(TrainerFailed, match="55,050 weights"):
        train(run_of(), facts=None)


HONEST = run_of()
LINE_END = HONEST.index(b"\n")


@given(st.integers(0, len(HONEST)), st.binary(max_size=20), st.integers(0, 20))
def test_a_run_with_any_bytes_replaced_is_a_run_or_our_fault(at, put, cut):
    with contextlib.suppress(TrainerFailed):
        train(HONEST[:at] + put + HONEST[at + cut :])


@given(st.integers(0, LINE_END + 200), st.binary(max_size=8), st.integers(0, 8))
def test_a_run_with_its_announcement_changed_is_a_run_or_our_fault(at, put, cut):
    with contextlib.suppress(TrainerFailed, Refused, TrainingStopped):
        train(HONEST[:at] + put + HONEST[at + cut :])


NETWORK = Weighted(PREPARED.recipe, [])


def curves(**changes):
    arrays = {
        "rows": np.arange(4),
        "seasoned": np.zeros((2, 4), np.int32),
        "denoised": np.zeros((2, 4), np.int32),
        "error_noisy": np.zeros(2, np.float32),
        "error_denoised": np.zeros(2, np.float32),
        "shown_clean": np.zeros((3, 784), np.float32),
        "shown_seasoned": np.zeros((2, 3, 784), np.float32),
        "shown_denoised": np.zeros((2, 3, 784), np.float32),
    }
    trainer = trainer_that_says(done({}, arrays | changes))
    return trainer.denoise(NETWORK, NETWORK, "salt_and_pepper", (0.0, 0.5), 4, 3)


@pytest.mark.parametrize(
    "changes",
    [
        {"rows": np.array([0, 1, 2, 360])},
        {"rows": np.array([0, 1, 2, -1])},
        {"seasoned": np.zeros((2, 5), np.int32)},
        {"denoised": np.zeros((2, 4), np.int64)},
        {"error_noisy": np.array([0, np.nan], np.float32)},
        {"shown_clean": np.full((3, 784), np.inf, np.float32)},
        {"more": np.zeros(1)},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_denoising_curves(changes):
    assert curves()["rows"].tolist() == [0, 1, 2, 3]
    with pytest.raises(TrainerFailed, match="nonsense"):
        curves(**changes)


def test_what_an_autoencoder_gives_back():
    def given_back(**changes):
        arrays = {
            "error_clean": np.zeros(4, np.float32),
            "error_noisy": np.zeros((2, 4), np.float32),
            "error_denoised": np.zeros((2, 4), np.float32),
            "shown_clean": np.zeros((3, 784), np.float32),
            "shown_noisy": np.zeros((2, 3, 784), np.float32),
            "shown_denoised": np.zeros((2, 3, 784), np.float32),
        }
        return trainer_that_says(done({}, arrays | changes)).reconstruct(NETWORK, "uniform", (0.0, 0.5), 4, 3)

    assert given_back()["error_noisy"].shape == (2, 4)
    for changes in ({"error_clean": np.full(4, np.nan, np.float32)}, {"error_denoised": np.zeros(2, np.float32)}):
        with pytest.raises(TrainerFailed, match="nonsense"):
            given_back(**changes)


def test_what_a_decoder_draws():
    def drawn(images):
        arrays = {"raw": images, "images": images, "probabilities": np.zeros((2, 10), np.float32)}
        return trainer_that_says(done({}, arrays)).generate(NETWORK, 1, NETWORK, 2)

    assert drawn(np.zeros((2, 784), np.float32))["probabilities"].shape == (2, 10)
    with pytest.raises(TrainerFailed, match="nonsense"):
        drawn(np.full((2, 784), np.nan, np.float32))


def test_predictions_of_a_self_trained_network():
    def evaluated(predictions):
        recipe = PREPARED.recipe
        trainer = knowing(FACTS, trainer_that_says(done({}, {"predictions": predictions})))
        return trainer.evaluate(recipe.model, [], recipe.x, "digits")

    assert evaluated(np.zeros((360, 10), np.float32)).shape == (360, 10)
    with pytest.raises(TrainerFailed, match="nonsense"):
        evaluated(np.zeros((10_000, 10), np.float32))


def test_speed_is_asked_with_the_reference_and_what_it_imports_alone(tmp_path):
    (tmp_path / "net.py").write_text("import keras\nimport layers\nfrom more import x\n", encoding="utf-8")
    (tmp_path / "layers.py").write_text("from net import y\n", encoding="utf-8")
    (tmp_path / "more.py").write_text("", encoding="utf-8")
    (tmp_path / "check_net.py").write_text("", encoding="utf-8")
    ratio = {"ratio": 1.0, "low": 0.5, "high": 2.0, "n": 5}
    trainer = trainer_that_says(done({"inference": ratio, "training": ratio}))
    assert trainer.speed(PREPARED.recipe, tmp_path / "net.py", "build")["training"] == ratio
    request, _ = wire.receive(io.BytesIO(trainer._channels["jax"].requests.getvalue()))
    assert sorted(request["sources"]) == ["layers.py", "more.py", "net.py"] and request["file"] == "net.py"


def test_a_gpu_that_the_wall_hides_is_used_without_it(monkeypatch):
    """Where the framework does not see it behind the wall, but without."""
    trainer = TrainerProcess("cpu")
    trainer._found = DeviceFacts("gpu", "a GPU")
    trainer._launcher.without = ""

    def start(self):
        self.answers = io.BytesIO(done({**SEEN, "device": "gpu" if trainer.without_wall else "cpu"}))
        return self

    trainer._channels = {"jax": Saying(b"")}
    monkeypatch.setattr(Saying, "start", start)
    monkeypatch.setattr(Saying, "process", None)
    assert trainer._channel("jax").backend == "jax"
    assert trainer.without_wall == "the GPU cannot be used behind it"
    monkeypatch.setattr(Saying, "start", lambda self: setattr(self, "answers", io.BytesIO(done(SEEN))) or self)
    with pytest.raises(DeviceUnavailable):
        trainer._channel("jax")


@pytest.mark.parametrize("error", [KeyboardInterrupt(), ValueError("the one who watches fails")])
def test_an_answer_that_was_left_half_read_is_never_given_to_the_next_request(monkeypatch, error):
    """The process is ended: what it still says would be taken for another hand-in's."""

    class Running:
        killed = False

        def kill(self):
            self.killed = True

    running, closed = Running(), []

    def stopped(*_):
        raise error

    monkeypatch.setattr(channel, "_answer", stopped)
    monkeypatch.setattr(channel.Channel, "start", lambda _self: running)
    monkeypatch.setattr(channel.Channel, "close", lambda _self: closed.append(1))
    asked = channel.Channel.__new__(channel.Channel)
    with pytest.raises(type(error)):
        asked.ask({}, answers.Refusal, limit=None)
    assert running.killed
    assert closed
