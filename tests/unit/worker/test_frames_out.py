"""What the worker writes, the trusted side reads."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from harness.parsing import parse_recording
from harness.recording import Finding, Passage, Recording, Where
from harness.sandbox.base import Limits
from harness.sandbox.frames import DTYPES, read_frames
from harness.worker.frames import FrameWriter


def written(*arrays, recordings=()):
    channel = io.BytesIO()
    writer = FrameWriter(channel)
    for recording in recordings:
        writer.recording(recording)
    for name, array in arrays:
        writer.array(name, array)
    return read_frames(channel.getvalue(), Limits())


@given(
    st.text(max_size=20).filter(lambda text: text.isprintable()),
    hnp.arrays(
        st.sampled_from([np.dtype(kind) for kind in DTYPES.values()]),
        hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4),
    ),
)
def test_arrays_come_out_as_they_went_in(name, array):
    read = written((name, array)).arrays[name]
    assert read.dtype == array.dtype
    assert read.tobytes() == array.tobytes()
    assert read.shape == array.shape or array.ndim == 0


def test_views_and_other_orders_come_out_in_order():
    array = np.arange(24, dtype="i4").reshape(4, 6)
    read = written(("t", array.T), ("v", array[::2, ::-1]), ("f", np.asfortranarray(array))).arrays
    assert read["t"].tolist() == array.T.tolist()
    assert read["v"].tolist() == array[::2, ::-1].tolist()
    assert read["f"].tolist() == array.tolist()


def test_an_array_goes_once_for_each_name():
    channel = io.BytesIO()
    writer = FrameWriter(channel)
    writer.array("a", np.zeros(3, "u1"))
    length = len(channel.getvalue())
    writer.array("a", np.ones(3, "u1"))
    assert len(channel.getvalue()) == length


def test_objects_are_never_sent():
    with pytest.raises(ValueError, match="Object arrays"):
        written(("a", np.array([{}], dtype=object)))


def test_the_last_recording_counts_and_comes_back_whole():
    place = Where(file="ä.ipynb", cell=3, line=1)
    recording = Recording(
        kind="notebook",
        complete=True,
        findings=(Finding(code="keras2-name", message="≥ 97 %\n\t\"'\\ \x00 \U0001f600", where=place),),
        printed=(Passage(where=place, text="x"),),
    )
    frames = written(recordings=[Recording(), recording])
    assert parse_recording(frames.recording) == recording
