"""Arrays that nobody recognised cross as they are, within limits."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from known_images import UNIT, X_TEST, Seen, Y

from harness.sandbox.base import Limits
from harness.sandbox.frames import read_frames
from harness.worker import contents, frames
from harness.worker.contents import MIB, Contents
from harness.worker.frames import FrameWriter

RANDOM = np.random.default_rng(0).random((100, 784))


class Sent:
    """Contents and what they sent."""

    def __init__(self, **limits):
        self.channel = io.BytesIO()
        self.contents = Contents(FrameWriter(self.channel), **limits)
        self.send = self.contents.send

    @property
    def arrays(self):
        return read_frames(self.channel.getvalue(), Limits()).arrays


@given(
    hnp.arrays(
        st.sampled_from(["f2", "f4", "f8", "u1", "i2", "i4", "i8", "u8", "?"]),
        st.sampled_from([(3, 4), (5,), (2, 2, 2), (0, 3)]),
    )
)
def test_any_array_crosses_or_says_why_not(array):
    sent = Sent()
    name, reason = sent.send(array)
    assert (name is None) != (reason is None)
    if name is None:
        with np.errstate(all="ignore"):
            assert not np.isfinite(array.astype("f4")).all()
    else:
        crossed = sent.arrays[name]
        assert crossed.shape == array.shape
        expected = {"u1": "u1", "b1": "?"}.get(array.dtype.str[1:])
        assert expected is None or crossed.dtype == np.dtype(expected)
        assert np.array_equal(crossed, array.astype(crossed.dtype))
        if array.dtype.kind == "i":
            assert np.array_equal(crossed.astype("f4"), array.astype("f4"))


def test_the_same_array_crosses_once():
    sent = Sent()
    first, _ = sent.send(RANDOM)
    length = len(sent.channel.getvalue())
    assert sent.send(RANDOM.copy()) == (first, None)
    assert len(sent.channel.getvalue()) == length
    assert sent.send(RANDOM[::-1])[0] != first
    assert sent.send(RANDOM.reshape(100, 28, 28))[0] != first


def test_past_the_limit_the_figures_are_told():
    sent = Sent(array_bytes=2 * MIB, total_bytes=3 * MIB)
    assert sent.send(np.zeros((3, 2**18)))[1] == "the array of 3 MiB was not kept: at most 2 MiB are"
    assert sent.send(np.zeros((2, 2**18)))[1] is None
    assert sent.send(np.zeros((2, 2**18)))[1] is None  # the same, which crossed before
    assert sent.send(np.ones((2, 2**18)))[1] == (
        "the array of 2 MiB was not kept: with the 2 MiB of arrays before it, that is more than the 3 MiB that one "
        "run may keep"
    )
    assert sent.send(np.ones((1, 2**18)))[1] is None


def test_a_run_that_sends_what_the_worker_allows_is_within_the_limits_of_the_wall():
    limits, header = Limits(), 128
    assert 60_000 * 784 * 4 < contents.ARRAY_BYTES <= limits.array_bytes - header
    assert contents.TOTAL_BYTES < frames.MAX_ARRAY_BYTES < limits.frame_bytes_total - 8 * limits.recording_bytes
    assert limits.arrays >= frames.MAX_ARRAYS


def test_frames_end_where_the_wall_would_end_the_run(monkeypatch):
    monkeypatch.setattr(frames, "MAX_ARRAYS", 2)
    monkeypatch.setattr(frames, "MAX_ARRAY_BYTES", 1_000)
    channel = io.BytesIO()
    writer = FrameWriter(channel)
    assert not writer.array("large", np.zeros(1_001, "u1"))
    assert [writer.array(name, np.zeros(10)) for name in ("a", "b", "c", "a")] == [True, True, False, True]
    assert list(read_frames(channel.getvalue(), Limits()).arrays) == ["a", "b"]
    writer = FrameWriter(channel)
    assert [writer.array(name, np.zeros(600, "u1")) for name in "xy"] == [True, False]


def test_a_listing_that_does_not_cross_has_no_frame(monkeypatch):
    seen = Seen()
    monkeypatch.setattr(frames, "MAX_ARRAYS", 0)
    x, y = seen.pair(UNIT[::-1], np.roll(Y, 1))
    assert (x.source, x.rows.kind, x.rows.frame, y.frame) == ("x_train", "listed", None, None)


# --- which arrays of a fit cross


def test_inputs_and_targets_of_a_fit_cross():
    seen = Seen()
    targets = np.random.default_rng(1).random((100, 70))
    for record, array in zip(seen.pair(RANDOM, targets), (RANDOM, targets), strict=True):
        assert np.allclose(seen.frame(record.content), array, rtol=1e-6)
    data = seen.recogniser.fit_data(UNIT[:100], Y[:100], (RANDOM[:50], Y[:50]), 0.0)
    assert data.validation_x.content is not None
    assert (data.x.content, data.y.content, data.validation_y.content) == (None, None, None)


@pytest.mark.parametrize("labels", [np.array([0.9] * 100), np.full((100, 10), 0.1)], ids=["numbers", "smoothed"])
def test_targets_that_are_no_labels_cross(labels):
    seen = Seen()
    record = seen.pair(UNIT[:100], labels)[1]
    assert (record.encoding, seen.frame(record.content).shape) == (None, labels.shape)


def test_what_is_evaluated_does_not_cross():
    seen = Seen()
    record = seen.recogniser.image_record(RANDOM, Y[:100])
    assert (record.content, record.not_kept, seen.channel.getvalue()) == (None, None, b"")
    fitted, _ = seen.pair(RANDOM, Y[:100])
    assert seen.recogniser.image_record(RANDOM).content == fitted.content


def test_images_of_another_data_set_do_not_cross():
    seen = Seen()
    other = np.random.default_rng(5).integers(0, 256, (60, 32, 32, 3), dtype=np.uint8)
    assert seen.pair(other, Y[:60])[0].content is not None
    seen.recogniser.remember_images("cifar10", other)
    for array in (other, other[::-1], (other / 255).astype("float32"), other.reshape(60, -1) / 127.5 - 1):
        record = seen.pair(array, Y[:60])[0]
        assert (record.data_set, record.source, record.content) == ("cifar10", None, None)
    same_size = np.random.default_rng(6).integers(0, 256, (60, 28, 28), dtype=np.uint8)
    seen.recogniser.remember_images("fashion_mnist", same_size)
    assert seen.pair(same_size / 255, Y[:60])[0].data_set == "fashion_mnist"
    assert seen.pair(X_TEST / 255, Y[:80])[0].source == "x_test"
