"""result.json is the contract of every view: its keys, its schema, and that it comes back as it was written."""

import functools
import json

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.sample_hostile import HOSTILE, hostile
from unit.sample_parts import check
from unit.sample_results import broken, complete, typical

from harness.results import Outcome, Result, json_schema, load, save

MADE = {made.__name__: made for made in (typical, complete, broken)}
MADE |= {f"hostile-{number}": functools.partial(hostile, text) for number, text in enumerate(HOSTILE)}
CONTRACT = {  # as the issue lists them
    "": "schema_version submission assignment profile dataset points max_points machine_points machine_max_points "
    "complete tasks findings integrity provenance timing",
    "submission": "name sha256 files",
    "assignment": "id version",
    "dataset": "name sha256 official",
    "tasks": "id title points max_points outcome checks",
    "tasks.checks": "id title outcome cause points max_points message hint measurements version",
    "tasks.checks.measurements": "name value low high n unit",
    "findings": "code task message where",
}


def saved(result, folder) -> dict:
    save(result, folder / "result.json")
    return json.loads((folder / "result.json").read_text(encoding="utf-8"))


def at(plain, path):
    """Every value at a dotted path, lists taken item by item."""
    values = [plain]
    for key in filter(None, path.split(".")):
        values = [value[key] for value in values]
        values = [item for value in values for item in (value if isinstance(value, list) else [value])]
    return values


@pytest.mark.parametrize("made", MADE.values(), ids=MADE)
def test_a_result_comes_back_as_it_was(made, tmp_path):
    result = made()
    save(result, tmp_path / "result.json")
    assert load(tmp_path / "result.json") == result
    assert [path.name for path in tmp_path.iterdir()] == ["result.json"]


@pytest.mark.parametrize("made", MADE.values(), ids=MADE)
def test_a_result_obeys_the_schema(made, tmp_path):
    validator = jsonschema.Draft202012Validator(json_schema())
    assert [error.message for error in validator.iter_errors(saved(made(), tmp_path))] == []


@pytest.mark.parametrize("path", CONTRACT)
def test_the_keys_of_the_contract_are_there(path, tmp_path):
    found = at(saved(typical(), tmp_path), path)
    assert found
    for value in found:
        assert set(CONTRACT[path].split()) <= set(value)


def test_the_schema_is_strict_and_valid():
    schema = json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    assert set(CONTRACT[""].split()) <= set(schema["properties"])
    assert {"points", "machine_points", "complete"} <= set(schema["required"])
    validator = jsonschema.Draft202012Validator(schema)
    plain = json.loads(typical().model_dump_json())
    for broken_value in (plain | {"unknown": 1}, plain | {"profile": "slow"}, plain | {"tasks": {}}, {}):
        assert not validator.is_valid(broken_value)


def test_outcomes_are_those_of_the_vocabulary():
    assert " ".join(Outcome) == "passed partial failed manual not_attempted not_measured"


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"schema_version": 2}', "null"])
def test_what_is_no_result_is_refused(text, tmp_path):
    (tmp_path / "result.json").write_text(text)
    with pytest.raises(ValueError):
        load(tmp_path / "result.json")


def test_a_changed_total_does_not_survive(tmp_path):
    """Totals are computed from the tasks: what a file says of them is not believed."""
    plain = saved(typical(), tmp_path) | {"points": 10.0, "machine_points": 10.0, "complete": True}
    (tmp_path / "result.json").write_text(json.dumps(plain))
    assert load(tmp_path / "result.json") == typical()


def test_writing_replaces_whole_files(tmp_path, monkeypatch):
    save(typical(), tmp_path / "result.json")
    before = (tmp_path / "result.json").read_bytes()
    monkeypatch.setattr("harness.files.os.fdopen", lambda *_args: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        save(complete(), tmp_path / "result.json")
    assert (tmp_path / "result.json").read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 1


@given(st.text(), st.floats(allow_nan=False, allow_infinity=False))
def test_any_text_and_number_comes_back(text, number):
    one = check("2C", Outcome.FAILED, number, 1.0, message=text, hint=text)
    result = typical()
    tasks = (result.tasks[0].model_copy(update={"checks": (one,)}), *result.tasks[1:])
    result = result.model_copy(update={"tasks": tasks})
    again = Result.model_validate(
        {name: value for name, value in json.loads(result.model_dump_json()).items() if name in Result.model_fields}
    )
    assert again.tasks[0].checks[0] == one
