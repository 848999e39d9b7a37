"""docs/authoring.md: its tables have every key that an assignment may set, with its default, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from harness.assignment import _File
from harness.evidence import Evidence
from harness.measure.specs import Measurements

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "authoring.md").read_text(encoding="utf-8")
HEADING, TOP = "## All keys of assignment.toml", "top of the file"
NAMES = {"profiles": "PROFILE", "tasks": "NAME", "gates": "MEASURE", "scaled": "DATA"}
"""What stands for the names that an author gives."""
SECTION = re.compile(r"^### (.+?)\n(.*?)(?=^##|\Z)", re.MULTILINE | re.DOTALL)
ROW = re.compile(r"^\| `(\w+)` \| (.+?) \|(.*?)\| (.+?) \|$", re.MULTILINE)


def types(model: type[BaseModel] = _File, path: str = "") -> Iterator[tuple[str, type[BaseModel]]]:
    """The types that assignment.toml is read into, each with the heading of its table."""
    yield path and f"`{path}`", model
    for name, field in model.model_fields.items():
        place = f"{path.strip('[]')}.{name}".lstrip(".")
        for kind, inner in nested(field.annotation):
            deeper = {"dict": f"[{place}.{NAMES.get(name)}]", "list": f"[[{place}]]"}.get(kind, f"[{place}]")
            yield from types(inner, deeper)


def nested(annotation: Any, kind: str = "") -> Iterator[tuple[str, type[BaseModel]]]:
    """The model that a field holds, and in what."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield kind, annotation
    inside = {dict: "dict", tuple: "list", list: "list"}.get(get_origin(annotation), kind)
    for part in get_args(annotation):
        yield from nested(part, inside)


def default(field: FieldInfo) -> str:
    """A field's default as the page has it."""
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    return "none" if value is None else f"`{written(value)}`"


def written(value: Any) -> str:
    if isinstance(value, BaseModel | dict):
        return "{}" if value == type(value)() else str(value)
    if isinstance(value, tuple):
        return f"[{', '.join(map(written, value))}]"
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else f"{value:g}"


def tables(page: str) -> dict[str, list[tuple[str, str]]]:
    """By heading, the keys of its table, each with its default."""
    keys = page.partition(HEADING)[2].partition("\n## ")[0]
    found = {heading: ROW.findall(body) for heading, body in SECTION.findall(keys)}
    return {heading: [(row[0], row[3]) for row in rows] for heading, rows in found.items()}


WANTED = {
    heading or TOP: [(name, default(field)) for name, field in model.model_fields.items()]
    for heading, model in types()
}


def differences(page: str) -> set[tuple[str, str, str]]:
    """What stands in the tables and not in the types, or the other way round, or twice."""
    there, wanted = (
        [(heading, *row) for heading, rows in one.items() for row in rows] for one in (tables(page), WANTED)
    )
    twice = {row for row in there if there.count(row) > 1}
    return set(there) ^ set(wanted) | twice


def test_each_type_has_a_table_of_its_own():
    assert len(WANTED) == len(list(types()))
    assert tables(PAGE).keys() == WANTED.keys()


def test_the_tables_are_the_types_fields_and_defaults():
    assert differences(PAGE) == set()


def test_a_row_that_is_left_out_or_called_otherwise_is_seen():
    before, heading, after = PAGE.partition(HEADING)
    rows = list(ROW.finditer(after.partition("\n## ")[0]))
    assert len(rows) == sum(map(len, WANTED.values()))
    for row in rows:
        without = after[: row.start()] + after[row.end() + 1 :]
        assert len(differences(before + heading + without)) == 1, row[0]
        other = after[: row.start()] + row[0].replace("| `", "| `other_", 1) + after[row.end() :]
        assert len(differences(before + heading + other)) == 2, row[0]


def test_each_kind_of_measurement_is_explained_and_is_a_value_of_the_evidence():
    step = PAGE.partition("### 4. Measurements")[2].partition("\n### ")[0]
    kinds = re.findall(r"^\| `([a-z]+)` \|", step, re.MULTILINE)
    assert kinds == list(Measurements.model_fields)
    assert set(kinds) <= Evidence.model_fields.keys()


def test_the_files_that_are_named_are_there():
    named = set(re.findall(r"`((?:harness|tests|reference)/[\w/.]+\.(?:py|toml))`", PAGE))
    assert len(named) > 15
    assert [name for name in sorted(named) if not (ROOT / name).is_file() and "KIND" not in name] == []
