"""What a trainer answers, as if it were taken over: read in whole and as expected, or TrainerFailed."""

import contextlib
import io
import json

import numpy as np
import pytest
from evidence import digits, fit
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.allowlist import Refused
from harness.models import MAX_PARAMS, ModelFacts
from harness.results import Cause, LayerFacts
from harness.training import answers, wire
from harness.training.answers import Awaited, Histories, Inspected, Nonsense, Nothing, Reader, Seen, SpeedRatios
from harness.training.channel import Channel, TrainerFailed, TrainingStopped
from harness.training.from_recording import from_fit
from harness.training.process import TrainerProcess, Weighted
from harness.training.recipe import Scale

TOLD = (Nothing, Seen, Inspected, Histories, SpeedRatios)
SEEN = {"device": "cpu", "precision": "float32"}
PREPARED = from_fit(fit(), {}, digits(), Scale(epochs=2, batch_size=64))
SHAPES = ((784, 64), (64,), (64, 64), (64,), (64, 10), (10,))
FACTS = ModelFacts(params=55_050, trainable_params=55_050, input_shape=(28, 28, 1), output_shape=(10,))


def sent(message, arrays=None) -> bytes:
    stream = io.BytesIO()
    wire.send(stream, message, arrays)
    return stream.getvalue()


def done(told, arrays=None, **more) -> bytes:
    return sent({"kind": "done", "told": told, **more}, arrays)


class Saying(Channel):
    """A channel to a process that says these bytes and ends."""

    def __init__(self, said: bytes) -> None:
        super().__init__("jax", "cpu", {}, None)
        self.answers, self.requests, self.log = io.BufferedReader(io.BytesIO(said)), io.BytesIO(), "its log"
        self.returncode = 3
        self.killed = False

    @property
    def process(self):
        return self

    def start(self):
        return self

    def kill(self):
        self.killed = True

    def close(self):
        """Nothing is open."""


def trainer_that_says(said, facts=None):
    trainer = TrainerProcess("cpu")
    trainer._channels = {"jax": Saying(said), "tensorflow": Saying(said)}
    if facts:
        trainer._facts[PREPARED.recipe.model.model_dump_json()] = facts
    return trainer


# --- messages


@given(st.binary(max_size=300), st.sampled_from(TOLD))
def test_any_bytes_are_a_message_or_nonsense(data, told):
    try:
        message = Reader(io.BytesIO(data)).message(told)
    except Nonsense:
        return
    assert message is None


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
KINDS = st.sampled_from(["done", "epoch", "refused", "out_of_memory"])
MEMBERS = st.dictionaries(st.sampled_from(["told", "arrays", "epoch", "of", "reason", "x"]), PLAIN, max_size=4)


@given(KINDS, MEMBERS, st.sampled_from(TOLD))
def test_any_json_is_a_message_or_nonsense(kind, members, told):
    line = json.dumps({"kind": kind, **members}).encode() + b"\n"
    try:
        message = Reader(io.BytesIO(line)).message(told)
    except Nonsense:
        return
    assert message.kind == kind


@pytest.mark.parametrize(
    "line",
    [
        b"{}",
        b"null",
        b'{"kind": "else"}',
        b'{"kind": "done", "told": {}, "more": 1}',
        b'{"kind": "done", "told": {"device": "tpu", "precision": "float32"}}',
        b'{"kind": "done", "told": {"device": "cpu", "precision": 32}}',
        b'{"kind": "done", "told": {"device": "cpu", "precision": "' + b"x" * 101 + b'"}}',
        b'{"kind": "done", "told": {"device": "cpu", "precision": "float32"}, "arrays": {"a": -1}}',
        b'{"kind": "done", "told": {"device": "cpu", "precision": "float32"}, "arrays": {"a": 1e3}}',
        b'{"kind": "done", "told": {"device": "cpu", "precision": "float32"}, "arrays": {"a": 1000000000000}}',
        b'{"kind": "refused", "reason": "\\ud800"}',
        b'{"kind": "refused", "reason": "' + b"x" * 2001 + b'"}',
        b'{"kind": "epoch", "epoch": 0, "of": 2}',
        b'{"kind": "epoch", "epoch": true, "of": 2}',
        b"[" * 100_000,
        b"1" * 10_000,
        b"\xff",
    ],
)
def test_a_line_that_is_nonsense(line):
    with pytest.raises(Nonsense):
        Reader(io.BytesIO(line + b"\n")).message(Seen)


def test_a_line_is_read_no_further_than_its_limit(monkeypatch):
    monkeypatch.setattr(answers, "LINE_BYTES", 100)
    stream = io.BytesIO(b"x" * 1000)
    with pytest.raises(Nonsense, match="more than 100 bytes"):
        Reader(stream).message(Seen)
    assert stream.tell() == 101


@pytest.mark.parametrize(
    ("told", "wrong"),
    [
        (Histories, {"histories": [{"loss": [float("nan")]}], "seconds": 1}),
        (Histories, {"histories": [{"loss": [float("inf")]}], "seconds": 1}),
        (Histories, {"histories": [{"loss": ["1"]}], "seconds": 1}),
        (Histories, {"histories": [], "seconds": -1}),
        (SpeedRatios, {"inference": {"ratio": 1, "low": 1, "high": 1, "n": 5}}),
        (SpeedRatios, {name: {"ratio": 1, "low": 1, "high": 1, "n": 0} for name in ("inference", "training")}),
        (Inspected, {"facts": {"params": MAX_PARAMS + 1}}),
        (Inspected, {"facts": {"params": -1}}),
        (Inspected, {"facts": {"refused": "by whom?"}}),
        (Inspected, {"facts": {"output_shape": [10**4000]}}),
        (Inspected, {"facts": {"layers": [{"class_name": "x" * 3000, "name": "", "params": 1}]}}),
        (Inspected, {"facts": {"layers": [{"class_name": "Dense", "name": "", "params": 1}] * 257}}),
        (Inspected, {"facts": {"cross_entropy_error": float("nan")}}),
    ],
)
def test_what_is_told_is_finite_and_of_a_size(told, wrong):
    with pytest.raises(Nonsense):
        Reader(io.BytesIO(done(wrong))).message(told)


def test_facts_come_through():
    facts = FACTS.model_copy(update={"layers": (LayerFacts(class_name="Dense", name="", units=10, params=7850),)})
    message = Reader(io.BytesIO(done({"facts": facts.model_dump(mode="json")}))).message(Inspected)
    assert message.told.facts == facts


# --- arrays

ARRAYS = {
    "a": np.arange(6, dtype=np.float32).reshape(2, 3),
    "b": np.arange(6, dtype=np.int64).reshape(2, 3).T,
    "c": np.float64(3.5),
    "d": np.zeros((0, 4), np.int32),
}


def read(said, most=10**6):
    reader = Reader(io.BytesIO(said))
    return reader.arrays(reader.message(Nothing).arrays, most)


def test_arrays_come_through_to_the_bit_in_both_directions():
    made = read(done({}, ARRAYS))
    _, received = wire.receive(io.BytesIO(sent({"ask": "x"}, ARRAYS)))
    for there in (made, received):
        assert list(there) == list(ARRAYS)
        for name, array in ARRAYS.items():
            assert np.array_equal(there[name], array) and there[name].dtype == np.asarray(array).dtype


def test_arrays_that_are_cut_off_are_none():
    whole = done({}, ARRAYS)
    assert read(whole[:-1]) is None
    assert wire.receive(io.BytesIO(sent({"ask": "x"}, ARRAYS)[:-1])) is None
    assert wire.receive(io.BytesIO()) is None


def test_more_than_is_awaited_is_not_read():
    said = done({}, ARRAYS)
    with pytest.raises(Nonsense, match="where 100 are the most"):
        read(said, most=100)


@pytest.mark.parametrize("dtype", [np.uint16, np.complex64, "U3", ">f4"])
def test_an_array_of_another_kind_is_nonsense(dtype):
    with pytest.raises(Nonsense, match="the array a"):
        read(done({}, {"a": np.zeros(3, dtype)}))


def test_an_archive_in_place_of_an_array_is_nonsense():
    bomb = io.BytesIO()
    np.savez_compressed(bomb, a=np.zeros(10**6))
    line = json.dumps({"kind": "done", "told": {}, "arrays": {"a": len(bomb.getvalue())}}).encode()
    with pytest.raises(Nonsense, match="that is not"):
        read(line + b"\n" + bomb.getvalue())


@pytest.mark.parametrize(
    ("array", "fits"),
    [
        (np.zeros((3, 4), np.float32), True),
        (np.full((3, 4), np.nan, np.float32), False),
        (np.zeros((3, 0), np.float32), False),
        (np.zeros((2, 4), np.float32), False),
        (np.zeros((3, 4, 1), np.float32), False),
        (np.zeros((3, 4), np.float64), False),
    ],
)
def test_an_array_that_is_awaited(array, fits):
    assert Awaited("float32", (3, None), finite=True).fits(array) is fits


# --- the channel


def test_what_is_told_comes_back():
    assert Saying(done(SEEN)).ask({"ask": "describe"}, Seen) == (Seen(**SEEN), {})


def test_a_refusal_is_theirs_and_is_cleaned():
    with pytest.raises(Refused, match=r"^too wide$"):
        Saying(sent({"kind": "refused", "reason": "\x1b[31mtoo\u202e wide\x07"})).ask({}, Seen)


def test_memory_that_runs_out_is_theirs():
    with pytest.raises(TrainingStopped, match="too large") as stopped:
        Saying(sent({"kind": "out_of_memory", "reason": "too large"})).ask({}, Seen)
    assert stopped.value.cause is Cause.OUT_OF_MEMORY


def test_a_process_that_ends_is_our_fault_with_its_log():
    with pytest.raises(TrainerFailed, match=r"ended with code 3; the end of its log:\nits log"):
        Saying(b'{"kind": "do').ask({}, Seen)


@pytest.mark.parametrize("epochs", [[(1, 2), (1, 2)], [(3, 2)], [(2, 2), (1, 2)]])
def test_epochs_that_do_not_go_on_are_nonsense_and_end_the_process(epochs):
    said = b"".join(sent({"kind": "epoch", "epoch": epoch, "of": of}) for epoch, of in epochs)
    channel = Saying(said + done(SEEN))
    with pytest.raises(TrainerFailed, match="nonsense: epoch"):
        channel.ask({}, Seen)
    assert channel.killed


def test_epochs_are_told():
    told = []
    said = b"".join(sent({"kind": "epoch", "epoch": epoch, "of": 2}) for epoch in (1, 2))
    Saying(said + done(SEEN)).ask({}, Seen, on_epoch=lambda *epoch: told.append(epoch))
    assert told == [(1, 2), (2, 2)]


# --- what was asked


def run_of(**changes):
    """An honest answer to one training, or one that is changed."""
    arrays = {"0/predictions": np.full((360, 10), 0.1, np.float32)}
    arrays |= {f"0/w{number:04}": np.zeros(shape, np.float32) for number, shape in enumerate(SHAPES)}
    told = {"histories": changes.pop("histories", [{"loss": [2.0, None]}]), "seconds": 0.5}
    arrays |= changes
    return done(told, {name: array for name, array in arrays.items() if array is not None})


def train(said, facts=FACTS):
    return trainer_that_says(said, facts).train(PREPARED, lambda _epoch, _of: None)


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


@settings(deadline=None)
@given(st.integers(0, len(HONEST)), st.binary(max_size=20), st.integers(0, 20))
def test_a_run_with_any_bytes_replaced_is_a_run_or_our_fault(at, put, cut):
    with contextlib.suppress(TrainerFailed):
        train(HONEST[:at] + put + HONEST[at + cut :])


@settings(deadline=None)
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
    return trainer_that_says(done({}, arrays | changes)).denoise(NETWORK, NETWORK, (0.0, 0.5), 4, 3)


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
        trainer = trainer_that_says(done({}, {"predictions": predictions}), FACTS)
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
