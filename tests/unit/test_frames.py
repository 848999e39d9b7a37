"""The frame channel's reader: strict, bounded, and never surprised."""

import io
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.sandbox.base import Frames, Limits
from harness.sandbox.frames import FrameError, FrameFloodError, FrameReader, read_frames

LIMITS = Limits(
    recording_bytes=1_000, array_bytes=2_000, figure_bytes=500, frame_bytes_total=5_000, arrays=3, figures=2
)


def frame(kind: bytes, name: str | bytes, payload: bytes, length: int | None = None) -> bytes:
    label = name if isinstance(name, bytes) else name.encode()
    size = len(payload) if length is None else length
    return b"HRN1" + kind + struct.pack(">H", len(label)) + label + struct.pack(">Q", size) + payload


def npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def test_reads_every_kind():
    array = npy(np.arange(6, dtype="i4"))
    data = frame(b"J", "recording", b"{}") + frame(b"A", "x", array) + frame(b"P", "ü", b"png")
    frames = read_frames(data, LIMITS)
    assert frames.recording == b"{}"
    assert frames.arrays["x"].tolist() == [0, 1, 2, 3, 4, 5]
    assert frames.figures == {"ü": b"png"}


def test_nothing_is_no_frames():
    assert read_frames(b"", LIMITS) == Frames()


def test_the_last_complete_recording_wins():
    data = frame(b"J", "r", b"1") + frame(b"J", "r", b"2") + frame(b"J", "r", b"333")[:-1]
    assert read_frames(data, LIMITS).recording == b"2"


@pytest.mark.parametrize("cut", range(1, 16))
def test_a_cut_off_frame_is_dropped(cut):
    whole = frame(b"J", "r", b"{}")
    reader = FrameReader(LIMITS)
    reader.feed(whole + whole[:cut])
    assert reader.frames.recording == b"{}"
    assert reader.partial


@pytest.mark.parametrize(
    ("data", "error", "words"),
    [
        (b"print says hello", FrameError, "not a frame"),
        (frame(b"X", "x", b""), FrameError, "unknown kind"),
        (frame(b"J", "n" * 201, b""), FrameError, "name of 201"),
        (frame(b"P", b"\xff", b""), FrameError, "UTF-8"),
        (frame(b"A", "x", b"\x80\x04pickle"), FrameError, "npy"),
        (frame(b"J", "r", b"", 1_001), FrameFloodError, "at most 1,000"),
        (frame(b"A", "x", b"", 2**63), FrameFloodError, "at most 2,000"),
        (frame(b"P", "x", b"", 501), FrameFloodError, "at most 500"),
        (frame(b"P", "x", b"." * 500) * 10, FrameFloodError, "more than 5,000"),
        (frame(b"J", "r", b"") * 400, FrameFloodError, "more than 5,000"),
        (b"".join(frame(b"P", f"{n}", b"") for n in range(3)), FrameFloodError, "2 figures"),
        (b"".join(frame(b"A", f"{n}", npy(np.zeros(1))) for n in range(4)), FrameFloodError, "3 arrays"),
    ],
)
def test_what_is_refused(data, error, words):
    with pytest.raises(error, match=words) as caught:
        read_frames(data, LIMITS)
    assert type(caught.value) is error


def test_an_error_keeps_what_came_before_and_takes_nothing_after():
    reader = FrameReader(LIMITS)
    with pytest.raises(FrameError):
        reader.feed(frame(b"J", "r", b"1") + b"garbage, garbage")
    reader.feed(frame(b"J", "r", b"2"))
    assert reader.frames.recording == b"1"


def test_of_a_flood_only_the_recording_is_held():
    reader = FrameReader(LIMITS)
    sent = frame(b"J", "r", b"1") + frame(b"A", "a", npy(np.zeros(1))) + frame(b"P", "p", b".")
    with pytest.raises(FrameFloodError):
        reader.feed(sent + frame(b"P", "x", b"", 501))
    assert reader.frames == Frames(b"1")


kinds = st.sampled_from([b"J", b"A", b"P", b"Z"])
pieces = st.one_of(
    st.binary(max_size=60),
    st.builds(frame, kinds, st.text(max_size=5), st.binary(max_size=40)),
    st.builds(frame, kinds, st.text(max_size=5), st.binary(max_size=40), st.integers(0, 2**64 - 1)),
    st.lists(st.integers(0, 9), max_size=5).map(lambda values: frame(b"A", "a", npy(np.array(values, "i8")))),
)


@given(st.lists(pieces, max_size=8), st.integers(1, 50))
def test_any_bytes_give_frames_or_a_frame_error(parts, step):
    data = b"".join(parts)
    results = []
    for size in (step, max(len(data), 1)):  # the same, however the bytes arrive
        reader = FrameReader(LIMITS)
        try:
            for start in range(0, len(data), size):
                reader.feed(data[start : start + size])
            error = None
        except FrameError as caught:
            error = str(caught)
        frames = reader.frames
        arrays = {name: array.tolist() for name, array in frames.arrays.items()}
        results.append((error, frames.recording, arrays, frames.figures))
    assert results[0] == results[1]
