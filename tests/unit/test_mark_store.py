"""Decisions of persons: none is lost, whoever else decides and whenever the process is killed."""

import datetime
import signal
import sqlite3
import subprocess
import sys
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from harness.marking.entries import Draft, Key, Kind, standing
from harness.marking.store import MARKS, Conflict, MarksError, MarkStore, NothingToUndo

SHA = "6d87418db22cc8025d05968bec9bd5c3932904b23485740db143a061a2c9d161"
KEY = Key("group-17", Kind.MARK, "2A")


def mark(points=0.25, text="Sizes are explained.", **more):
    said = {"author": "Ada", "kind": Kind.MARK, "submission": "group-17", "sha256": SHA, "target": "2A"}
    return Draft(**(said | {"points": points, "text": text} | more))


@pytest.fixture
def store(tmp_path):
    return MarkStore.of(tmp_path)


def test_what_is_added_is_read_back_whole_by_another_store(store, tmp_path):
    draft = mark(rubric=("sizes", "activations"), text="Two lines:\none\ttab, “quotes”, 日本語")
    added = store.add(draft, after=None)
    read = MarkStore.of(tmp_path).last(KEY)
    assert read == added
    assert read.model_dump(exclude={"id", "time"}) == draft.model_dump(exclude={"time"})
    assert abs((datetime.datetime.now(datetime.UTC) - read.time).total_seconds()) < 3600
    assert read.time.utcoffset() == datetime.timedelta(0)


def test_a_folder_without_marks_has_none_and_gets_no_file_by_reading(store, tmp_path):
    assert store.present() == {}
    assert store.since() == ()
    assert store.last(KEY) is None
    assert store.forget("group-17") == 0
    assert list(tmp_path.iterdir()) == []


def test_one_file_is_all_there_is_afterwards(store, tmp_path):
    store.add(mark(), after=None)
    assert [path.name for path in tmp_path.iterdir()] == [MARKS]


def test_the_present_state_is_the_last_entry_of_each_target(store):
    first = store.add(mark(), after=None)
    other = store.add(mark(target="2B", points=0.5), after=None)
    reason = store.add(mark(kind=Kind.OVERRIDE, target="2A.layers", text="It says so on page 2."), after=None)
    elsewhere = store.add(mark(submission="group-18"), after=None)
    second = store.add(mark(points=0.1), after=first.id)
    assert list(store.present().values()) == [other, reason, elsewhere, second]
    assert store.present("group-18") == {elsewhere.key: elsewhere}
    assert store.history(KEY) == (first, second)
    assert store.since(reason.id) == (elsewhere, second)


def test_who_has_not_seen_the_last_entry_is_told_what_it_says(store):
    first = store.add(mark(), after=None)
    theirs = store.add(mark(points=0.1, author="Grace"), after=first.id)
    for seen in (first.id, None, theirs.id + 1):
        with pytest.raises(Conflict, match="Grace") as conflict:
            store.add(mark(points=0.2), after=seen)
        assert conflict.value.now == theirs
    assert store.history(KEY) == (first, theirs)


def test_a_conflict_over_an_entry_that_was_never_there_says_so(store):
    with pytest.raises(Conflict, match="nothing is there") as conflict:
        store.add(mark(), after=7)
    assert conflict.value.now is None
    assert store.present() == {}


def test_of_several_entries_all_are_kept_or_none(store):
    first = store.add(mark(), after=None)
    with pytest.raises(Conflict):
        store.add_all([(mark(target="2B"), None), (mark(points=0.1), None)])
    assert store.since() == (first,)
    made = store.add_all([(mark(target="2B"), None), (mark(target="2B", points=0.4), first.id + 1)])
    assert [entry.points for entry in made] == [0.25, 0.4]


def test_the_file_grows_only(store):
    store.add(mark(), after=None)
    with sqlite3.connect(store.path) as database, pytest.raises(sqlite3.DatabaseError, match="never changed"):
        database.execute("UPDATE entries SET points = 1")
    assert store.last(KEY).points == 0.25


# --- undo


def test_undoing_goes_back_a_step_at_a_time(store):
    first = store.add(mark(points=0.1, text="one", rubric=("a",)), after=None)
    second = store.add(mark(points=0.2, text="two"), after=first.id)
    third = store.add(mark(points=0.3, text="three"), after=second.id)
    undone = store.undo(KEY, "Grace", after=third.id)
    assert (undone.undoes, undone.points, undone.text, undone.author) == (third.id, 0.2, "two", "Grace")
    again = store.undo(KEY, "Grace", after=undone.id)
    assert (again.undoes, again.points, again.rubric) == (second.id, 0.1, ("a",))
    last = store.undo(KEY, "Grace", after=again.id)
    assert last.withdrawn
    assert last.undoes == first.id
    with pytest.raises(NothingToUndo):
        store.undo(KEY, "Grace", after=last.id)
    assert len(store.history(KEY)) == 6


def test_what_comes_after_an_undo_is_undone_first(store):
    first = store.add(mark(points=0.1), after=None)
    undone = store.undo(KEY, "Ada", after=first.id)
    new = store.add(mark(points=0.4), after=undone.id)
    assert standing(store.history(KEY)) == [new]
    assert store.undo(KEY, "Ada", after=new.id).withdrawn


def test_nobody_undoes_what_he_has_not_seen(store):
    first = store.add(mark(), after=None)
    theirs = store.add(mark(points=0.1, author="Grace"), after=first.id)
    with pytest.raises(Conflict) as conflict:
        store.undo(KEY, "Ada", after=first.id)
    assert conflict.value.now == theirs


@settings(max_examples=25)
@given(steps=st.lists(st.sampled_from(["add", "undo"]), max_size=12))
def test_undo_is_a_stack_whatever_was_done(tmp_path_factory, steps):
    store = MarkStore.of(tmp_path_factory.mktemp("out"))
    model, last = [], None
    for number, step in enumerate(steps):
        if step == "add":
            last = store.add(mark(points=number / 100), after=last and last.id)
            model.append(number / 100)
        elif model:
            model.pop()
            last = store.undo(KEY, "Ada", after=last.id)
        assert (store.last(KEY) or mark(points=None)).points == (model[-1] if model else None)


# --- what is refused


@pytest.mark.parametrize(
    "wrong",
    [
        {"points": -0.1},
        {"points": float("nan")},
        {"points": "0.5"},
        {"points": True},
        {"author": "  "},
        {"submission": ""},
        {"target": ""},
        {"text": "x" * 5_000},
        {"text": "\ud800"},
        {"kind": Kind.OVERRIDE, "text": "  "},
        {"kind": Kind.OVERRIDE, "rubric": ("a",)},
        {"kind": Kind.CONFIRMED},
        {"time": datetime.datetime(2026, 1, 1)},  # no time zone
        {"more": 1},
    ],
)
def test_what_is_no_decision_is_refused(wrong):
    mark()
    with pytest.raises(ValidationError):
        mark(**wrong)


def test_text_is_kept_as_typed_but_for_what_nobody_types():
    assert mark(text="a\r\nb\rc\x00\x1b[31m\n\n").text == "a\nb\nc[31m"
    assert mark(author=" Ada\nLovelace ").author == "Ada Lovelace"


def test_a_confirmed_total_is_of_the_whole_hand_in(store):
    entry = store.add(mark(kind=Kind.CONFIRMED, target="", points=9.5, text=""), after=None)
    assert store.last(Key("group-17", Kind.CONFIRMED, "")) == entry


def test_a_file_of_something_else_is_refused_in_words_and_not_touched(store):
    for data, words in ((b"marks of a class\n" * 100, "no file of marks"), (_of_another_program(store), "another")):
        store.path.write_bytes(data)
        for act in (store.present, lambda: store.add(mark(), after=None), lambda: store.forget("group-17")):
            with pytest.raises(MarksError, match=words):
                act()
        assert store.path.read_bytes() == data


def _of_another_program(store):
    with sqlite3.connect(store.path) as database:
        database.execute("CREATE TABLE entries (id INTEGER)")
    database.close()
    return store.path.read_bytes()


def test_a_file_of_a_later_version_is_refused(store):
    store.add(mark(), after=None)
    with sqlite3.connect(store.path) as database:
        database.execute("PRAGMA user_version = 2")
    database.close()
    with pytest.raises(MarksError, match="later version"):
        store.present()
    with pytest.raises(MarksError, match="later version"):
        store.add(mark(target="2B"), after=None)


def test_an_entry_that_something_else_wrote_is_refused_with_its_id(store):
    store.add(mark(), after=None)
    with sqlite3.connect(store.path) as database:
        database.execute("INSERT INTO entries SELECT 9, 'noon', author, kind, submission, sha256, target, points,"
                         " text, rubric, basis, undoes FROM entries")  # fmt: skip
    database.close()
    with pytest.raises(MarksError, match="entry 9"):
        store.present()


def test_a_writer_that_finds_the_file_taken_says_so(store, monkeypatch):
    store.add(mark(), after=None)
    monkeypatch.setattr("harness.marking.store.WAIT", 0.01)
    with sqlite3.connect(store.path, isolation_level=None) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(MarksError, match="another process"):
            store.add(mark(target="2B"), after=None)
    other.close()


# --- many at once, and killed


def test_of_many_who_decide_at_once_each_entry_is_kept_or_its_author_told(tmp_path):
    """Each thread marks a hand-in of its own, and all of them race for one that is shared."""
    kept, told = [], []

    def marker(number):
        store = MarkStore.of(tmp_path)
        last = None
        for turn in range(5):
            last = store.add(mark(submission=f"own-{number}", points=turn), after=last and last.id)
            shared = store.last(KEY)
            try:
                kept.append(store.add(mark(author=f"marker {number}"), after=shared and shared.id).id)
            except Conflict as conflict:
                told.append(conflict.now.id)

    threads = [threading.Thread(target=marker, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    store = MarkStore.of(tmp_path)
    assert len(kept) + len(told) == 20
    assert sorted(kept) == [entry.id for entry in store.history(KEY)]
    assert set(told) <= set(kept)
    for number in range(4):
        own = store.history(Key(f"own-{number}", Kind.MARK, "2A"))
        assert [entry.points for entry in own] == [0, 1, 2, 3, 4]


ADDING = """
import sys
from pathlib import Path
from harness.marking.entries import Draft, Kind
from harness.marking.store import MarkStore
store = MarkStore.of(Path(sys.argv[1]))
for number in range(100_000):
    draft = Draft(author="Ada", kind=Kind.MARK, submission=f"killed-{number}", target="2A", points=0.5)
    print(store.add(draft, after=None).id, flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
@pytest.mark.parametrize("after", [1, 7, 20])
def test_killed_at_any_moment_it_has_what_add_returned_from(tmp_path, after):
    with subprocess.Popen(
        [sys.executable, "-c", ADDING, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as adding:
        told = [int(adding.stdout.readline()) for _ in range(after)]
        adding.send_signal(signal.SIGKILL)
        told += [int(line) for line in adding.stdout if line.endswith("\n")]
    assert adding.returncode == -signal.SIGKILL
    store = MarkStore.of(tmp_path)
    kept = [entry.id for entry in store.since()]
    assert kept[: len(told)] == told
    assert len(kept) - len(told) <= 1  # one more, where it died between the disk and the word
    store.add(mark(), after=None)  # and it goes on


# --- removed


def test_a_hand_in_that_is_forgotten_leaves_nothing_in_the_file(store):
    secret = "a comment that nobody else wrote " * 20
    first = store.add(mark(text=secret), after=None)
    store.add(mark(points=0.1, text=secret), after=first.id)
    other = store.add(mark(submission="group-18", text="stays"), after=None)
    assert b"nobody else wrote" in store.path.read_bytes()
    assert store.forget("group-17") == 2
    assert store.since() == (other,)
    data = store.path.read_bytes()
    assert b"nobody else wrote" not in data
    assert b"group-17" not in data
    assert b"group-18" in data
    assert store.add(mark(), after=None).id > other.id  # no id is given twice
