"""A journal tells what was finished, however the run before it ended, and belongs to one run at a time."""

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.journal import JOURNAL, Journal, OutputInUse, journal, open_names, read


def written(out, *events):
    with journal(out) as kept:
        for event in events:
            kept.add(*event)


def test_what_was_finished_is_known_again(tmp_path):
    written(tmp_path, ("began",), ("looked", "a", "1"), ("finished", "a", "1"), ("looked", "b", "2"))
    with journal(tmp_path) as kept:
        assert kept.finished() == {"a": "1"}
        assert kept.unfinished


def test_a_run_that_ended_is_not_unfinished(tmp_path):
    written(tmp_path, ("began",), ("finished", "a", "1"), ("ended",))
    with journal(tmp_path) as kept:
        assert not kept.unfinished


def test_a_folder_without_a_journal_has_none_before(tmp_path):
    with journal(tmp_path) as kept:
        assert kept.before == ()
        assert not kept.unfinished


def test_the_latest_counts(tmp_path):
    written(tmp_path, ("finished", "a", "1"), ("finished", "b", "2"), ("finished", "a", "3"))
    with journal(tmp_path) as kept:
        assert kept.finished() == {"a": "3", "b": "2"}


def test_what_was_asked_for_and_not_finished_since_is_open(tmp_path):
    written(tmp_path, ("finished", "a", "1"), ("finished", "b", "2"))
    with journal(tmp_path) as kept:
        kept.asked([("a", "1"), ("b", "3"), ("c", "4")])
        kept.add("looked", "a", "1")
        kept.add("finished", "b", "3")
    assert open_names(read(tmp_path / JOURNAL)) == {"a", "c"}


def test_losses_are_counted_by_what_was_graded(tmp_path):
    written(tmp_path, ("lost", "a", "1"), ("lost", "a", "1"), ("lost", "a", "changed"))
    with journal(tmp_path) as kept:
        assert kept.losses() == {"1": 2, "changed": 1}


@settings(max_examples=30)
@given(cut=st.integers(min_value=1, max_value=120), again=st.booleans())
def test_a_line_that_was_cut_off_is_as_if_it_had_not_been_written(tmp_path_factory, cut, again):
    out = tmp_path_factory.mktemp("out")
    written(out, ("began",), ("finished", "a", "1"), ("finished", "b", "2"))
    path = out / JOURNAL
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:-1]) + lines[-1][: -min(cut, len(lines[-1]))])
    if again:
        written(out, ("finished", "c", "3"))
    known = {"a": "1"} | ({"c": "3"} if again else {})
    with journal(out) as kept:
        assert {name: key for name, key in kept.finished().items() if name != "b"} == known
        assert kept.finished().get("b") in ({"2"} if cut == 1 else {None}), "whole but for its end, or gone"


@settings(max_examples=30)
@given(st.lists(st.binary(max_size=60), max_size=8))
def test_whatever_is_in_the_file_it_is_read_and_added_to(tmp_path_factory, parts):
    out = tmp_path_factory.mktemp("out")
    (out / JOURNAL).write_bytes(b"\n".join(parts))
    written(out, ("finished", "a", "1"))
    assert read(out / JOURNAL)[-1].name == "a"


def test_each_line_is_on_the_disk_before_the_run_goes_on(tmp_path, monkeypatch):
    synced = []
    monkeypatch.setattr("harness.journal.os.fsync", lambda handle: synced.append((tmp_path / JOURNAL).read_bytes()))
    kept = Journal(tmp_path / JOURNAL)
    kept.add("finished", "a", "1")
    assert b'"finished"' in synced[-1]
    kept.asked(("abc"[number], str(number)) for number in range(3))
    assert synced[-1].count(b'"asked"') == 3 and len(synced) == 2, "of a whole class, at once"
    kept.close()


def test_a_second_run_in_the_same_folder_is_told(tmp_path):
    with journal(tmp_path), pytest.raises(OutputInUse, match="another run"), journal(tmp_path):
        pass
    with journal(tmp_path):
        pass


def test_a_killed_run_leaves_no_lock(tmp_path):
    code = (
        "import os, signal, sys\nfrom pathlib import Path\nfrom harness.journal import journal\n"
        "with journal(Path(sys.argv[1])) as kept:\n    kept.add('began')\n"
        "    os.kill(os.getpid(), signal.SIGTERM)\n"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    with journal(tmp_path) as kept:
        assert kept.unfinished
