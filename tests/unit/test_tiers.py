"""tox reads only some folders for a tier: no test of it lies anywhere else, where it would never be run."""

import re
from pathlib import Path

import pytest
from conftest import TIERS

ROOT = Path(__file__).resolve().parents[2]
COMMAND = re.compile(r'-m "(\w+) and not nightly" \{posargs:([^}]+)\}')
READ = {marker: paths.split() for marker, paths in COMMAND.findall((ROOT / "tox.ini").read_text(encoding="utf-8"))}


def test_every_tier_of_a_push_is_run():
    assert READ.keys() == set(TIERS) - {"nightly"}


@pytest.mark.parametrize("tier", READ)
def test_every_test_of_a_tier_is_read(tier):
    marked = [
        path
        for path in (ROOT / "tests").rglob("test_*.py")
        if re.search(rf"pytest\.mark\.{tier}\b", path.read_text(encoding="utf-8"))
    ]
    assert marked
    assert [path for path in marked if not any(path.is_relative_to(ROOT / place) for place in READ[tier])] == []
