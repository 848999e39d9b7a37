"""The roster: who belongs to which group, who is missing, and what is said where it cannot be followed."""

from pathlib import Path

import pytest

from harness.downloads import HandIn
from harness.roster import Person, RosterError, assign, read

# Form: canvas.instructure.com/doc/api/file.group_category_csv.html ("Group Categories CSV Format"; names are in the
# export), read on 2026-11-21. The students are made up.
GROUPS = Path(__file__).parent.parent / "fixtures" / "canvas_group_roster.csv"


def roster(tmp_path: Path, text: str):
    (tmp_path / "roster.csv").write_text(text, encoding="utf-8")
    return read(tmp_path / "roster.csv")


def hand_in(name: str, **more) -> HandIn:
    return HandIn(**{"name": name, "title": name, **more})


def test_canvas_s_own_list_of_groups():
    found = read(GROUPS)
    assert {group: [person.id for person in people] for group, people in found.groups.items()} == {
        "Group 1": ["4101", "4102"], "Group 2": ["4103"], "Group 12": ["4104", "4106"], "Group 4": ["4107"],
    }  # fmt: skip
    assert found.groups["Group 2"][0] == Person("Cederlund, Åsa", "4103", "S-1003", "asac", "", 4)


def test_a_gradebook_serves_as_a_roster(tmp_path):
    found = roster(
        tmp_path,
        "\ufeffStudent;ID;SIS User ID;SIS Login ID;Section;Lab 7 (991)\r\n;;;;;Manual Posting\r\n"
        '"    Points Possible";;;;;10\r\n"Roe, Jo";7;S7;jo@x.example;One;\r\n"Student, Test";9;;abc;One;\r\n',
    )
    assert [str(person) for person in found.people] == ["Roe, Jo"]


@pytest.mark.parametrize(
    ("name", "about", "group"),
    [
        ("whoever_4102", {"user": "4102"}, "Group 1"),
        ("group12_9", {"title": "group12"}, "Group 12"),
        ("group_1", {}, "Group 1"),
        ("livh", {}, "Group 4"),
        ("cederlundåsa_77", {"title": "cederlundåsa"}, "Group 2"),
        ("Åsa_Cederlund", {}, "Group 2"),
        ("anon_4101", {"user": "4101", "anonymous": True}, None),
        ("nobody", {}, None),
        ("---", {}, None),
    ],
)
def test_whose_a_hand_in_is(name, about, group):
    assert read(GROUPS).group_of(name, hand_in(name, **about)) == group


def test_marks_fan_out_and_the_missing_are_shown():
    found = assign(["group_1", "livh", "stranger"], {}, read(GROUPS))
    assert [person.id for person in found.members["group_1"]] == ["4101", "4102"]
    assert (found.unknown, found.missing) == (("stranger",), ("Group 2", "Group 12"))


def test_without_a_roster_a_hand_in_is_whose_it_says():
    found = assign(["doejane_7", "x"], {"doejane_7": hand_in("doejane_7", title="doejane", user="7")}, None)
    assert found.members["doejane_7"] == (Person(name="doejane", id="7", login="doejane_7"),)
    assert found.members["x"] == (Person(name="x", login="x"),)


def test_two_hand_ins_of_one_group_are_refused():
    with pytest.raises(RosterError, match="group_1 and nilsb are both handed in by Group 1"):
        assign(["group_1", "nilsb"], {}, read(GROUPS))


def test_what_fits_two_groups_is_refused(tmp_path):
    found = roster(tmp_path, "group,name,id\nA,Jo Roe,1\nB,Jo Roe,2\n")
    with pytest.raises(RosterError, match="roejo could be handed in by A or B"):
        found.group_of("roejo")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("group,shoe size\nA,42\n", "line 1: no column says who a student is"),
        ("name,student\nA,B\n", "line 1: 'name' and 'student' are both a column of the name"),
        ("group,name,id\nA,Jo,1\nA,Bo\n", "line 3: there are 2 cells, and 3 in the first line"),
        ("group,name,id\nA,Jo,1\n\nB,Bo,1\n", "line 4: the same id as in line 2"),
        ('group,name\nA,"Jo\nRoe"\nB,\n', "line 4: nothing says who this is"),
        ('group,name\nA,"Jo\n', "line 2: a quote"),
        ("group,name\n", "holds heads and no student"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path, text, said):
    with pytest.raises(RosterError, match=said):
        roster(tmp_path, text)
