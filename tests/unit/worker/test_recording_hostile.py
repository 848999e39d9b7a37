"""Recordings that were tampered with: a Recording or a RecordingError, and nothing else."""

import json

import pytest
from evidence import dense, fit, image_input
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from harness.parsing import MAX_DEPTH, RecordingError, parse_recording
from harness.recording import Recording

WHOLE = json.loads(
    Recording(kind="notebook", complete=True, fits=(fit(image_input(4), dense(10)),)).model_dump_json()
)


def places(value, path=()):
    """The path of every value in a JSON tree."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from places(item, (*path, key))


def replaced(value, path, new):
    if not path:
        return new
    if isinstance(value, dict):
        return value | {path[0]: replaced(value[path[0]], path[1:], new)}
    return [replaced(item, path[1:], new) if place == path[0] else item for place, item in enumerate(value)]


odd = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(
        ["\ud800", "\x00", "9" * 400, "x" * 30_000, 2**60, -1, 1e308, [], {}, [[]], {"": {}}, [None] * 3_000]
    ),
    st.dictionaries(st.text(max_size=5), st.integers(), max_size=3),
)


def accepted(data):
    try:
        recording = parse_recording(data)
    except RecordingError as error:
        assert str(error)
        assert len(str(error)) < 2_000
        str(error).encode()
        return None
    assert isinstance(recording, Recording)
    return recording


@settings(max_examples=300)
@given(st.sampled_from(list(places(WHOLE))), odd)
def test_one_value_in_place_of_another(path, new):
    recording = accepted(json.dumps(replaced(WHOLE, path, new)).encode())
    if recording is not None:  # and what is accepted can be kept and read again
        assert parse_recording(recording.model_dump_json().encode()) == recording


@settings(max_examples=200)
@given(st.integers(0, 10_000), st.binary(max_size=6), st.integers(0, 6))
def test_bytes_changed_anywhere(place, new, length):
    data = json.dumps(WHOLE).encode()
    place %= len(data)
    accepted(data[:place] + new + data[place + length :])


@settings(max_examples=100)
@given(st.integers(0, 10_000))
def test_cut_off_anywhere(place):
    data = json.dumps(WHOLE).encode()
    assert accepted(data[: place % len(data)]) is None


@pytest.mark.parametrize("name", ["fits", "models", "errors", "findings", "printed", "sources"])
def test_lists_have_limits(name):
    with pytest.raises(RecordingError, match="more than 5,000 values in one list"):
        parse_recording(json.dumps({name: [{}] * 10_000}).encode())


def test_a_list_has_a_limit_of_its_own():
    error = {"where": {"file": "a.py"}, "type": "NameError", "message": ""}
    assert len(parse_recording(json.dumps({"errors": [error] * 2_000}).encode()).errors) == 2_000
    with pytest.raises(RecordingError, match="errors: Tuple should have at most 2000 items"):
        parse_recording(json.dumps({"errors": [error] * 2_001}).encode())


def test_an_object_with_many_keys_has_no_errors_for_each():
    """Sixteen megabytes of wrong keys, or of wrong items, once took sixteen gigabytes to be refused."""
    with pytest.raises(RecordingError, match="more than 5,000 values in one list or object"):
        parse_recording(b"{" + b",".join(b'"%x":1' % key for key in range(5_001)) + b"}")


def test_the_first_wrong_item_ends_the_reading():
    with pytest.raises(ValidationError) as error:
        Recording.model_validate_json(json.dumps({"fits": [{}] * 1_000, "models": [{"layers": [{}] * 500}]}))
    assert error.value.error_count() < 20


def test_values_have_a_limit_in_all():
    lists = "[" + ",".join(["[" + ",".join(["0"] * 4_999) + "]"] * 250) + "]"
    with pytest.raises(RecordingError, match="more than 1,000,000 values"):
        parse_recording(f'{{"fits": {lists}}}'.encode())


def test_a_place_with_a_long_key_is_cut():
    with pytest.raises(RecordingError) as error:
        parse_recording(json.dumps({"k" * 100_000: 1}).encode())
    assert len(str(error.value)) < 300


def test_depth_inside_strings_does_not_count_and_outside_does():
    deep = "[" * 100 + '\\"' + "]" * 100
    layer = {"uid": 0, "class_name": "x", "name": "x", "config": {"text": deep}}
    model = {"uid": 1, "name": "m", "kind": "sequential", "layers": [layer]}
    assert accepted(json.dumps({"models": [model]}).encode()) is not None
    nested = 1
    for _ in range(MAX_DEPTH):
        nested = [nested]
    layer["config"] = {"list": nested}
    with pytest.raises(RecordingError, match="nested"):
        parse_recording(json.dumps({"models": [model]}).encode())


@pytest.mark.parametrize("piece", [b'"', b'\\"', b'"\\', b"[", b'["', b'{"a":', b"1", b"1e", b" "])
def test_long_nonsense_is_refused_in_time(piece):
    data = piece * (2**20 // len(piece))
    assert accepted(data) is None


def test_a_set_of_keys_that_are_the_same():
    with pytest.raises(RecordingError, match="same key"):
        parse_recording(b'{"fits": [{"config": {"units": 10, "units": 64}}]}')
    with pytest.raises(RecordingError, match="same key"):
        parse_recording(b'{"kind": "notebook", "\\u006bind": "contract"}')
