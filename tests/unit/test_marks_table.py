"""The table of decisions: out and in again byte for byte, through spreadsheets, and never half of it."""

import csv
import datetime
import io

import pytest
import tiny
from evidence import evidence
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.marking import deciding, table
from harness.marking.entries import Draft, Key, Kind
from harness.marking.store import MarksError, MarkStore
from harness.outputs import judge
from harness.results import SubmissionFacts

NOON = datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.UTC)
LATER = NOON + datetime.timedelta(hours=1)
KEY = Key("group7", Kind.MARK, "A")


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    small = tiny.assignment(tmp_path_factory.mktemp("tiny"))
    made = evidence(small)
    return [
        judge(small, made.model_copy(update={"submission": SubmissionFacts(name=name, sha256=sign * 64)}))
        for name, sign in (("group7", "0"), ("somebody", "1"))
    ]


@pytest.fixture
def store(results, tmp_path):
    """Of a folder with a mark, an override, a note, and a mark that was taken back."""
    store = MarkStore.of(tmp_path)
    for draft in (
        deciding.mark(results[0], "A", 0.25, "Good;\n=sum(A1)\n\"quoted\", 'so'", "Ada"),
        deciding.override(results[1], "A.name", 0.75, "=HYPERLINK(1)", "Grace"),
        Draft(author="Ada", kind=Kind.NOTE, submission="somebody", target="C", text="- look again"),
        deciding.mark(results[1], "C", 1.0, "", "Ada"),
    ):
        last = store.add(draft.model_copy(update={"time": NOON}), after=None)
    store.undo(last.key, "Ada", after=last.id)
    return store


def text_of(store):
    return table.export(store.present().values())


def written(folder, text, name="marks.csv"):
    path = folder / name
    path.write_bytes(text.encode())
    return path


def other(tmp_path):
    folder = tmp_path / "other"
    folder.mkdir(exist_ok=True)
    return MarkStore.of(folder)


def edited(store, row, **cells):
    """The table of a store with cells of the row with this target changed."""
    rows = list(csv.DictReader(io.StringIO(text_of(store), newline="")))
    for each in rows:
        if each["target"] == row:
            each.update(cells)
    out = io.StringIO()
    writer = csv.DictWriter(out, table.HEADS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def typed(*rows):
    return "hand_in,kind,target,points,text\n" + "".join(f"{row}\n" for row in rows)


# --- round trips


def test_out_and_into_an_empty_folder_and_out_it_is_the_same_to_the_byte(store, results, tmp_path):
    text = text_of(store)
    copy = other(tmp_path)
    made = table.read_in(written(tmp_path, text), copy, results, "Nobody")
    assert text_of(copy) == text
    assert len(made.entries) == 4
    assert [entry.model_dump(exclude={"id", "undoes"}) for entry in sorted(copy.present().values(), key=str)] == [
        entry.model_dump(exclude={"id", "undoes"}) for entry in sorted(store.present().values(), key=str)
    ]


def test_into_its_own_folder_it_changes_nothing(store, results, tmp_path):
    before = store.since()
    made = table.read_in(written(tmp_path, text_of(store)), store, results, "Nobody")
    assert (made.entries, made.same, store.since()) == ((), 4, before)


HOSTILE = st.text(st.sampled_from("=+-@'\";,\t\n ＝ab1"), max_size=12)


@settings(max_examples=80)
@given(text=HOSTILE, author=HOSTILE.filter(str.strip), points=st.floats(0, 0.5))
def test_whatever_was_typed_survives_and_is_no_formula(results, tmp_path_factory, text, author, points):
    folder = tmp_path_factory.mktemp("typed")
    store = MarkStore.of(folder)
    store.add(deciding.mark(results[0], "A", points, text, author), after=None)
    exported = text_of(store)
    for delimiter in ",;\t":  # however a spreadsheet cuts it
        for row in csv.reader(io.StringIO(exported, newline=""), delimiter=delimiter):
            assert [cell for cell in row if cell.lstrip().startswith(tuple("=+-@＝"))] == []
    copy = other(folder)
    table.read_in(written(folder, exported), copy, results, "Nobody")
    assert text_of(copy) == exported
    assert copy.last(KEY).text == store.last(KEY).text
    assert copy.last(KEY).author == store.last(KEY).author


def as_a_spreadsheet_saves(text, delimiter, encoding):
    rows = list(csv.reader(io.StringIO(text, newline="")))
    comma = table.HEADS.index("points")
    for row in rows[1:]:
        row[comma] = row[comma].replace(".", ",") if delimiter == ";" else row[comma]
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator="\r\n", quoting=csv.QUOTE_ALL).writerows(rows)
    return out.getvalue().encode(encoding)


@pytest.mark.parametrize(("delimiter", "encoding"), [(",", "utf-8-sig"), (";", "utf-8-sig"), ("\t", "utf-8")])
def test_saved_by_a_spreadsheet_it_reads_as_before(store, results, tmp_path, delimiter, encoding):
    path = tmp_path / "saved.csv"
    path.write_bytes(as_a_spreadsheet_saves(text_of(store), delimiter, encoding))
    assert table.read_in(path, store, results, "Nobody").same == 4
    copy = other(tmp_path)
    table.read_in(path, copy, results, "Nobody")
    assert text_of(copy) == text_of(store)


# --- changed, and typed by hand


def test_a_line_that_was_changed_is_a_decision_of_whoever_reads_it_in(store, results, tmp_path):
    before = store.last(KEY)
    text = edited(store, "A", points="0,5", text="Better")
    made = table.read_in(written(tmp_path, text), store, results, "Grace")
    (entry,) = made.entries
    assert (entry.author, entry.points, entry.text, entry.sha256) == ("Grace", 0.5, "Better", before.sha256)
    assert entry.time > NOON
    assert store.history(KEY) == (before, entry)
    assert made.same == 3


def test_a_line_that_was_changed_here_and_there_is_refused(store, results, tmp_path):
    text = edited(store, "A", points="0.5")
    store.add(deciding.mark(results[0], "A", 0.1, "No.", "Grace"), after=store.last(KEY).id)
    with pytest.raises(MarksError, match="line 2: it was changed in the table, and since the export Grace"):
        table.read_in(written(tmp_path, text), store, results, "Ada")


def test_a_line_that_nobody_changed_gives_way_to_a_later_decision(store, results, tmp_path):
    text = text_of(store)
    now = store.add(deciding.mark(results[0], "A", 0.1, "No.", "Grace"), after=store.last(KEY).id)
    made = table.read_in(written(tmp_path, text), store, results, "Ada")
    assert store.last(KEY) == now
    assert (len(made.entries), made.same, len(made.older)) == (0, 3, 1)
    assert "Grace" in made.older[0]


def test_of_two_copies_the_later_decision_counts(results, tmp_path):
    one, two = MarkStore.of(tmp_path), other(tmp_path)
    for store, author, time in ((one, "Ada", NOON), (two, "Grace", LATER)):
        draft = deciding.mark(results[0], "A", 0.25, f"by {author}", author)
        store.add(draft.model_copy(update={"time": time}), after=None)
    from_one, from_two = (
        written(tmp_path, text_of(store), f"{number}.csv") for number, store in enumerate((one, two))
    )
    older = table.read_in(from_one, two, results, "Nobody")
    newer = table.read_in(from_two, one, results, "Nobody")
    assert (len(older.entries), len(older.older)) == (0, 1)
    assert (len(newer.entries), len(newer.replaced)) == (1, 1)
    assert text_of(one) == text_of(two)
    assert len(one.history(KEY)) == 2, "what was replaced is still known"


def test_lines_typed_by_hand_are_decisions_about_the_work_of_now(results, tmp_path):
    store = MarkStore.of(tmp_path)
    text = typed("group7,mark,A,.5,All of it", "somebody,override,A.name,0.75,So it is called", "group7,mark,C,,")
    made = table.read_in(written(tmp_path, text), store, results, "Ada")
    mark, override = made.entries
    assert (mark.author, mark.points, mark.sha256) == ("Ada", 0.5, "0" * 64)
    assert override.basis == deciding.override(results[1], "A.name", 0.5, "x", "Ada").basis


def test_a_typed_line_does_not_overwrite_what_somebody_decided(store, results, tmp_path):
    with pytest.raises(MarksError, match="line 2: Ada decided on 2026-11-21 12:00 UTC; export"):
        table.read_in(written(tmp_path, typed("group7,mark,A,0.5,Mine")), store, results, "Grace")


# --- faults


FAULTS = {
    "group8,mark,A,0.5,": "there is no hand-in 'group8'",
    "group7,marks,A,0.5,": "'marks' is no kind of decision; there are mark, override, note, confirmed",
    "group7,mark,Z,0.5,": "has no task 'Z'",
    "group7,mark,B,0.5,": "B leaves nothing to a person",
    "group7,mark,A,0.75,": "give 0 to 0.5",
    "group7,mark,A,half,": "'half' is no number of points",
    "group7,mark,A,-1,": "'-1' is no number of points",
    "group7,override,A.name,0.5,": "an override says why",
    "group7,override,A.nam,0.5,Because": "did you mean A.name",
    "group7,mark,,0.5,": "a mark names a task",
    "group7,mark,C,0.5,": "it is about the same as line 2",
}


@pytest.mark.parametrize("line", FAULTS)
def test_a_line_with_a_fault_is_told_by_its_number_and_nothing_is_read_in(results, tmp_path, line):
    store = MarkStore.of(tmp_path)
    text = typed("group7,mark,C,1,", 'somebody,mark,C,1,"two\nlines"', line)
    with pytest.raises(MarksError) as error:
        table.read_in(written(tmp_path, text), store, results, "Ada")
    assert "nothing was read in. line 5: " in str(error.value)
    assert FAULTS[line] in str(error.value)
    assert store.since() == ()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "line 1: no column hand_in or kind"),
        ("hand_in,kind,target,points\n", "line 1: no column text"),
        ("hand_in,kind,target,points,text\ngroup7,mark\n", "line 2: there are 2 cells, and 5"),
        ('hand_in,kind,target,points,text\n"group7,mark\n', "line 2: a quote"),
        ("hand_in,kind,target,points,text,time\ngroup7,mark,A,1,,noon\n", "line 2: 'noon' is no time"),
    ],
)
def test_a_table_that_is_none_is_refused(results, tmp_path, text, words):
    with pytest.raises(MarksError) as error:
        table.read_in(written(tmp_path, text), MarkStore.of(tmp_path), results, "Ada")
    assert words in str(error.value)


def test_many_faults_are_told_up_to_ten(results, tmp_path):
    text = typed(*(f"nobody-{number},mark,A,1," for number in range(14)))
    with pytest.raises(MarksError, match=r"and 4 more$"):
        table.read_in(written(tmp_path, text), MarkStore.of(tmp_path), results, "Ada")
