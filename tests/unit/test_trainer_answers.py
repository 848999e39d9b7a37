"""What a trainer answers, as if it were taken over: read in whole and as expected, or TrainerFailed."""

import io
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from saying import Saying, done, sent

from harness.allowlist import Refused
from harness.models import MAX_PARAMS, ModelFacts
from harness.results import Cause, LayerFacts
from harness.training import answers, wire
from harness.training.answers import Awaited, Histories, Inspected, Nonsense, Nothing, Reader, Seen, SpeedRatios
from harness.training.channel import TrainerFailed, TrainingStopped

TOLD = (Nothing, Seen, Inspected, Histories, SpeedRatios)
SEEN = {"device": "cpu", "precision": "float32"}
FACTS = ModelFacts(params=55_050, trainable_params=55_050, input_shape=(28, 28, 1), output_shape=(10,))


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
