"""Marks in an exported gradebook: the right cells change, no other byte does, and what is doubtful is refused.

Canvas's form: tests/fixtures/README.md.
"""

from pathlib import Path

import pytest
from unit.sample_results import complete, typical

from harness.downloads import HandIn
from harness.exports.canvas import CanvasError, column_of, fill, read, unfinished
from harness.roster import Assigned, assign
from harness.roster import read as read_roster

FIXTURES = Path(__file__).parent.parent / "fixtures"
BOOK = FIXTURES / "canvas_gradebook.csv"
SEMICOLONS = FIXTURES / "canvas_gradebook_semicolon.csv"
A7 = "Assignment 7 (5007)"


def handed_in(*names: str) -> dict[str, HandIn]:
    """Those of the names that are Canvas's, title_user."""
    parts = {name: name.rpartition("_") for name in names}
    return {
        name: HandIn(name=name, title=title, user=user)
        for name, (title, _, user) in parts.items()
        if user.isdigit()
    }


def filled(*names: str, book: Path = BOOK, **more):
    results = [complete(name) for name in names]
    return fill(read(book), results, assign(names, handed_in(*names), None), **({"column": A7} | more))


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "book.csv"
    path.write_bytes(text.encode())
    return path


def test_one_cell_changes_and_no_other_byte():
    before = BOOK.read_bytes()
    made = filled("andersonmaya_4101", "bergnils_4102")
    lines = before.split(b"\n")
    after = made.text.encode().split(b"\n")
    assert [number for number in range(len(lines)) if lines[number] != after[number]] == [3, 4]
    assert after[3] == lines[3].replace(b",,3.50,,", b",,3.50,10,")
    assert after[4] == lines[4].replace(b",4.00,5.00,", b",4.00,10,")
    assert [(one.student, one.before, one.after) for one in made.changes] == [
        ("Anderson, Maya", "", "10"),
        ("Berg, Nils", "5.00", "10"),
    ]
    assert made.without == ("Cederlund, Åsa", "Dahl, Erik", "Hansen, Liv")


def test_semicolons_byte_order_mark_and_line_ends_stay():
    made = filled("andersonmaya_4101", book=SEMICOLONS, column=None)
    assert made.text.encode() == SEMICOLONS.read_bytes().replace(b"SEC 1;;;;;\r\nBerg", b"SEC 1;10;;;;\r\nBerg")


def test_excused_students_and_those_without_the_assignment_keep_their_cell():
    made = filled("cederlundåsa_4103", "dahlerik_4104")
    assert made.text == BOOK.read_text(encoding="utf-8")
    assert made.kept == ("Cederlund, Åsa is excused in Canvas", "Dahl, Erik was not given the assignment in Canvas")


@pytest.mark.parametrize("name", ["whoever_4107", "livh", "hansenliv_1", "Liv_Hansen"])
def test_a_student_is_found_by_id_then_login_then_name(name):
    assert [one.student for one in filled(name).changes] == ["Hansen, Liv"]


def test_the_id_says_more_than_the_name():
    assert [one.student for one in filled("hansenliv_4101").changes] == ["Anderson, Maya"]


def test_an_e_mail_login_is_found_by_what_stands_before_the_at():
    assert len(filled("mayaa", book=SEMICOLONS).changes) == 1


def test_a_group_s_mark_fans_out():
    roster = read_roster(FIXTURES / "canvas_group_roster.csv")
    made = fill(read(BOOK), [complete("group_1")], assign(["group_1"], {}, roster), A7)
    assert [(one.student, one.submission) for one in made.changes] == [
        ("Anderson, Maya", "group_1"),
        ("Berg, Nils", "group_1"),
    ]


def test_marks_that_stand_nowhere_are_told():
    roster = read_roster(FIXTURES / "canvas_group_roster.csv")
    names = ["group_12", "stranger"]
    made = fill(read(BOOK), [complete(name) for name in names], assign(names, {}, roster), A7)
    assert made.lost == (
        "stranger belongs to nobody in the roster",
        "Ek, Frida of group_12 is not in the gradebook",
    )


def test_the_test_student_is_not_missed_and_can_have_a_mark():
    assert [one.student for one in filled("studenttest_4999").changes] == ["Student, Test"]
    assert "Student, Test" not in filled("livh").without


# --- what is refused


def test_incomplete_totals_are_refused_unless_told():
    with pytest.raises(
        CanvasError, match=r"1 total is not complete: livh_4107 \(no value yet for 1, 2A.*--incomplete"
    ):
        fill(read(BOOK), [typical("livh_4107")], assign(["livh_4107"], {}, None), A7)
    made = fill(read(BOOK), [typical("livh")], assign(["livh"], {}, None), A7, incomplete=True)
    assert [one.after for one in made.changes] == ["3.82"]


@pytest.mark.parametrize(
    ("more", "said"),
    [({"profile": "quick"}, "--profile quick"), ({"tasks": ()}, "there is no task")],
)
def test_why_a_total_is_no_mark_yet(more, said):
    assert said in unfinished([complete("x").model_copy(update=more)])["x"]
    assert unfinished([complete("x")]) == {}


def test_marks_on_other_data_are_not_final():
    result = complete("x")
    digits = result.dataset.model_copy(update={"name": "digits", "official": False})
    assert "measured on digits" in unfinished([result.model_copy(update={"dataset": digits})])["x"]


def test_nobody_gets_two_marks():
    with pytest.raises(CanvasError, match="line 8: two marks, of livh and hansenliv_4107"):
        filled("livh", "hansenliv_4107")


def test_who_fits_two_rows_is_refused(tmp_path):
    text = BOOK.read_text(encoding="utf-8").replace('"Berg, Nils"', '"Anderson, Maya"')
    with pytest.raises(CanvasError, match="andersonmaya fits line 4 and line 5"):
        filled("andersonmaya", book=written(tmp_path, text))


def test_other_points_possible_are_refused(tmp_path):
    text = BOOK.read_text(encoding="utf-8").replace("4.00,10.00,", "4.00,12.00,")
    with pytest.raises(CanvasError, match="has 12 points in Canvas, and livh could have 10"):
        filled("livh", book=written(tmp_path, text))


@pytest.mark.parametrize("wanted", [A7, "5007", "Assignment 7"])
def test_how_a_column_is_named(wanted):
    assert column_of(read(BOOK), wanted) == A7


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (None, "has 2 assignments: say which with --column"),
        ("Assignment 9", "has no assignment 'Assignment 9'; there are Quiz 1"),
        ("Final Score", "Canvas takes no marks for 'Final Score'"),
    ],
)
def test_a_column_that_is_not_meant_is_refused(wanted, said):
    with pytest.raises(CanvasError, match=said):
        column_of(read(BOOK), wanted)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "line 1: no column Student or ID"),
        ("name,mark\nx,1\n", "line 1: no column Student or ID"),
        ("Student,ID,Section\nx,1\n", "line 2: there are 2 cells, and 3"),
        ('Student,ID\n"x,1\n', "line 2: a quote"),
    ],
)
def test_what_is_no_gradebook_is_said(tmp_path, text, said):
    with pytest.raises(CanvasError, match=said):
        read(written(tmp_path, text))


def test_a_result_without_points_leaves_its_cell():
    result = complete("livh")
    nothing = tuple(
        task.model_copy(update={"machine_points": None, "points": None, "manual": None}) for task in result.tasks
    )
    made = fill(
        read(BOOK),
        [result.model_copy(update={"tasks": nothing})],
        Assigned(assign(["livh"], {}, None).members),
        A7,
        True,
    )
    assert (made.changes, made.kept) == ((), ("Hansen, Liv: livh has no points yet",))
