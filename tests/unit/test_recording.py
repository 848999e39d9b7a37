"""What crosses the wall is parsed strictly: numbers that are none are refused wherever they stand."""

import json

import pytest
from evidence import dense, fit, image_input
from hypothesis import given
from hypothesis import strategies as st

from harness.parsing import RecordingError, parse_recording
from harness.recording import Recording

WHOLE = Recording(kind="notebook", complete=True, fits=(fit(image_input(4), dense(10)),)).model_dump_json()


def test_a_recording_comes_back_as_it_was():
    assert parse_recording(WHOLE.encode()).model_dump_json() == WHOLE


@pytest.mark.parametrize("number", ["1e999", "-1e999", "NaN", "Infinity", "-Infinity", "1" * 21])
def test_numbers_that_are_none_are_refused_even_in_a_free_configuration(number):
    assert '"units":10' in WHOLE
    with pytest.raises(RecordingError, match=r"number|digits"):
        parse_recording(WHOLE.replace('"units":10', f'"units":{number}').encode())


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "not a recording"),
        (b"\xff", "not a recording"),
        (b'{"kind": "notebook", "kind": "contract"}', "the same key twice"),
        (b"[" * 100 + b"]" * 100, "nested deeper than 40 levels"),
        (b'{"kind": 3}', "kind: "),
        (b'{"schema_version": 2}', "schema_version: "),
        (b'{"unknown": 1}', "unknown: "),
        (b'{"fits": [{"id": "x"}]}', "fits.0.model: "),
        (b" " * (16 * 2**20 + 1), "at most 16,777,216 are read"),
    ],
    ids=["empty", "not text", "twice", "deep", "type", "version", "unknown", "missing", "long"],
)
def test_anything_else_names_its_place(data, sentence):
    with pytest.raises(RecordingError) as error:
        parse_recording(data)
    assert sentence in str(error.value)


@pytest.mark.parametrize(("kind", "from_zero", "said"), [
    ("uniform", "true", None), ("gaussian", "true", "only uniform noise"), ("gaussian", "false", None),
    ("uniform", '"yes"', "from_zero: "), ("uniform", "1", "from_zero: "),
])  # fmt: skip
def test_only_uniform_noise_goes_from_zero(kind, from_zero, said):
    noise = f'{{"kind": "{kind}", "level": 0.1, "from_zero": {from_zero}}}'
    use = f'{{"method": "predict", "model": 1, "x": {{"shape": [9, 784], "dtype": "float32", "noise": {noise}}}}}'
    recording = f'{{"uses": [{use}]}}'.encode()
    if said is None:
        assert parse_recording(recording).uses[0].x.noise.from_zero is (from_zero == "true")
        return
    with pytest.raises(RecordingError) as error:
        parse_recording(recording)
    assert said in str(error.value)


@given(st.binary(max_size=60) | st.recursive(
    st.none() | st.floats() | st.text(max_size=5) | st.integers(),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["fits", "models", "kind", "data", "id", "x"]), inner, max_size=4),
    max_leaves=10,
).map(lambda plain: json.dumps(plain).encode()))  # fmt: skip
def test_any_bytes_give_a_recording_or_recordingerror(data):
    try:
        assert isinstance(parse_recording(data), Recording)
    except RecordingError as error:
        assert str(error)


def test_a_hash_of_weights_is_of_32_hexadecimal_digits():
    assert parse_recording(with_hash("0123456789abcdef" * 2)).fits[0].initial == "0123456789abcdef" * 2
    for other in ("", "a" * 31, "a" * 33, "A" * 32, "g" * 32, "a" * 32 + "\n", " " + "a" * 32, 7, ["a" * 32]):
        with pytest.raises(RecordingError, match=r"fits\.0\.initial"):
            parse_recording(with_hash(other))


def with_hash(value):
    plain = json.loads(WHOLE)
    plain["fits"][0]["initial"] = value
    return json.dumps(plain).encode()
