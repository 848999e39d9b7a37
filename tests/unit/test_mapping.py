"""A person's say on which fits answer which task: every form of it, and every way to get it wrong."""

import csv
import io
from dataclasses import replace
from pathlib import Path

import pytest
from evidence import cnn, evidence, mlp
from hypothesis import given
from hypothesis import strategies as st

from harness.assignment import load
from harness.evidence import Match
from harness.mapping import (
    COLUMNS,
    MappingError,
    Overrides,
    Row,
    follow,
    read,
    read_argument,
    read_settings,
    read_table,
    rows,
    settings_file,
    split,
    table,
    unsure,
)

TASKS = ("2C", "2D", "3A", "4A")
HEAD = "submission,task,fits,sure\n"


def wrong(function, *arguments) -> str:
    with pytest.raises(MappingError) as error:
        function(*arguments)
    return str(error.value)


def file(folder, text, name="matches.csv", encoding="utf-8"):
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


# --- --map


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("2C=fit-3", {"*": {"2C": ("fit-3",)}}),
        ("2c=fit-3", {"*": {"2C": ("fit-3",)}}),
        ("group 7:2D=fit-3, fit-4,cell 14", {"group 7": {"2D": ("fit-3", "fit-4", "cell 14")}}),
        ("group 7:3A=part2.ipynb  cell 3", {"group 7": {"3A": ("part2.ipynb, cell 3",)}}),
        ("a:b:4A=", {"a:b": {"4A": ()}}),
        ("2C=cell 14 = 15", {"*": {"2C": ("cell 14 = 15",)}}),
    ],
)
def test_arguments(text, fits):
    assert read_argument(text, TASKS).fits == fits


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("fit-3", "write TASK=FITS"), ("9Z=fit-3", "'9Z' is no task that fits answer; those are 2C, 2D, 3A, 4A"),
        (":2C=fit-3", "is no name of a hand-in"), ("2C=a\x00b", 'write fits as "fit-3"'), ("=x", "is no task"),
    ],
)  # fmt: skip
def test_arguments_that_cannot_be_read(text, said):
    assert said in wrong(read_argument, text, TASKS)


def test_a_name_is_known_in_each_of_its_spellings():
    given = read_argument("Group 7:2C=fit-3", TASKS)
    assert given.of("group_7") == given.of("Group_7") == {"2C": ("fit-3",)}
    assert given.of("group_77") == {}
    assert read_argument("group 7.zip:2C=fit-3", TASKS).of("group_7")
    assert read_argument("group.7:2C=fit-3", TASKS).of("group.7")


def test_a_name_that_is_not_there_is_said():
    given = read_argument("group 8:2C=fit-3", TASKS)
    given.require(["group_8"])
    assert "'group 8', and it is not among those that are graded: group_7" in wrong(given.require, ["group_7"])
    read_argument("2C=fit-3", TASKS).require(["group_7"])


# --- harness.toml


def test_a_settings_file(tmp_path):
    path = file(tmp_path, '[map."group 7"]\n2C = "fit-3"\n2D = ["fit-4", "fit-5"]\n[map."*"]\n3A = ""\n', "h.toml")
    given = read_settings(path, TASKS)
    assert given.of("group_7") == {"2C": ("fit-3",), "2D": ("fit-4", "fit-5"), "3A": ()}
    assert given.of("other") == {"3A": ()}
    given.require(["other"])  # a file is for the whole class
    assert given.passed_over(["other"]) == ["group 7"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[map", "h.toml: "), ('[map."g"]\n2C = 3\n', "map.g.2C"), ('[maps."g"]\n2C = "fit-1"\n', "maps: Extra"),
        ('[map]\n2C = "fit-1"\n', 'write [map."group 7"]'), ('[map."g"]\n9 = "fit-1"\n', "is no task"),
        ('[map." "]\n2C = "fit-1"\n', "is no name of a hand-in"), ('[map."\\u0000"]\n2C = "x"\n', "is no name"),
    ],
)  # fmt: skip
def test_settings_that_cannot_be_read(tmp_path, text, said):
    message = wrong(read_settings, file(tmp_path, text, "h.toml"), TASKS)
    assert said in message
    assert str(tmp_path / "h.toml") in message


def test_the_settings_file_of_the_working_folder(tmp_path):
    group = tmp_path / "group"
    group.mkdir()
    assert settings_file(None, tmp_path, [group]) is None
    path = file(tmp_path, "", "harness.toml")
    assert settings_file(None, tmp_path, [group]) == path
    other = file(tmp_path, "", "other.toml")
    assert settings_file(other, tmp_path, [group]) == other
    assert "there is no such file" in wrong(settings_file, tmp_path / "nowhere.toml", tmp_path, [group])


def test_a_settings_file_of_a_hand_in_is_never_read(tmp_path):
    group = tmp_path / "group"
    (group / "deep").mkdir(parents=True)
    for folder in (group, group / "deep"):
        path = file(folder, "", "harness.toml")
        assert settings_file(None, folder, [group]) is None
        assert "lies in a hand-in" in wrong(settings_file, path, tmp_path, [group])
    link = tmp_path / "harness.toml"
    link.symlink_to(group / "harness.toml")
    assert settings_file(None, tmp_path, [group]) is None


# --- a table


ROWS = [
    Row("group_7", "2C", ("fit-1",), ("a.ipynb, cell 4",), True, ("It fits.",)),
    Row("group_7", "2D", ("fit-2", "fit-3"), (), True, ()),
    Row("group_8", "2C", ("fit-9",), (), False, ("2 fits could have answered.",)),
    Row("group_8", "4A", (), (), True, ("No fit was found for it.",)),
]


def test_a_table_comes_back_as_it_was_written_but_for_what_is_unsure(tmp_path):
    given = read_table(file(tmp_path, table(ROWS)), TASKS)
    assert given.of("group_7") == {"2C": ("fit-1",), "2D": ("fit-2", "fit-3")}
    assert given.of("group_8") == {"4A": ()}
    assert given.passed_over(["group_7"]) == ["group_8"]


def test_what_is_unsure_is_told_with_what_to_do():
    path = Path("graded") / "matches.csv"
    assert unsure(ROWS[:2], path) is None
    said = unsure(ROWS, path)
    assert said.startswith("1 match is unsure (group_8: 2C). ")
    assert said.endswith(f"--map {path}.")
    many = [replace(ROWS[2], submission=f"g{number}") for number in range(7)]
    assert "7 matches are unsure (g0: 2C; g1: 2C; g2: 2C; g3: 2C; g4: 2C; …)" in unsure(many, path)


def test_what_a_person_confirms_counts(tmp_path):
    text = table(ROWS).replace("group_8,2C,fit-9,,no", "group_8,2C,cell 12,,YES")
    assert read_table(file(tmp_path, text), TASKS).of("group_8")["2C"] == ("cell 12",)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
@pytest.mark.parametrize("between", [",", ";"])
def test_a_table_as_spreadsheets_save_it(tmp_path, encoding, ends, between):
    text = io.StringIO()
    writer = csv.writer(text, delimiter=between, lineterminator=ends)
    writer.writerows([COLUMNS, ("group_7", "2D", "fit-2, fit-3", "", "Yes", "a; b, c"), ("",) * 6])
    assert read_table(file(tmp_path, text.getvalue(), encoding=encoding), TASKS).of("group_7") == {
        "2D": ("fit-2", "fit-3")
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "line 1: there is no column 'submission'"), ("submission,task,fits\n", "no column 'sure'"),
        (HEAD + "g,2C,fit-1\n", "line 2: there are 3 cells, and 4"),
        (HEAD + "g,2C,fit-1,maybe\n", "write yes or no"),
        (HEAD + "g,7,fit-1,yes\n", "line 2: '7' is no task"), (HEAD + ",2C,fit-1,yes\n", "no name of a hand-in"),
        (HEAD + "g,2C,fit-1,yes\ng,2C,fit-2,no\n", "line 3: task 2C of g stands there twice"),
        (HEAD + 'g,2C,"fit-1,yes\n', "line 2: "), (HEAD + "g,2C," + "x" * 301 + ",yes\n", "write fits as"),
    ],
)  # fmt: skip
def test_tables_that_cannot_be_read(tmp_path, text, said):
    path = file(tmp_path, text)
    message = wrong(read_table, path, TASKS)
    assert said in message
    assert message.startswith(str(path))


def test_files_that_are_none(tmp_path):
    assert "No such file" in wrong(read_table, tmp_path / "nowhere.csv", TASKS)
    assert "save it as" in wrong(read_table, file(tmp_path, "é", encoding="latin-1"), TASKS)
    assert "at most" in wrong(read_table, file(tmp_path, " " * (4 * 2**20 + 1)), TASKS)


@given(st.text(max_size=300))
def test_no_text_is_a_fault_of_ours(tmp_path_factory, text):
    path = file(tmp_path_factory.getbasetemp(), text, encoding="utf-8") if text.isprintable() else None
    for call in (lambda: read_argument(text, TASKS), lambda: path and read_table(path, TASKS),
                 lambda: path and read_settings(path, TASKS)):  # fmt: skip
        try:
            found = call()
        except MappingError:
            continue
        assert not found or all(set(tasks) <= set(TASKS) for tasks in found.fits.values())


_FITS = st.lists(st.integers(1, 99).map("fit-{}".format), max_size=5, unique=True).map(tuple)


@given(st.dictionaries(st.tuples(st.sampled_from(["a", "group_7", "ö"]), st.sampled_from(TASKS)), _FITS))
def test_every_table_comes_back(tmp_path_factory, fits):
    lines = [Row(name, task, given, ("=cell 3",), True, ("+1",)) for (name, task), given in fits.items()]
    given = read_table(file(tmp_path_factory.getbasetemp(), table(lines)), TASKS)
    for (name, task), expected in fits.items():
        assert given.of(name)[task] == expected


def test_no_cell_is_a_formula():
    hostile = Row("group_7", "2C", ("fit-1",), ("=HYPERLINK(1).ipynb, cell 2",), False, ("=1+1", "\x1b[31m"))
    (line,) = list(csv.DictReader(io.StringIO(table([hostile]))))
    assert all(not cell.startswith(("=", "+", "@", "-")) for cell in line.values())
    assert "\x1b" not in line["reasons"]


def test_the_lines_of_a_submission():
    found = evidence(load("dat405_a7"), mlp(), cnn())
    uncertain = found.model_copy(
        update={"matches": {**found.matches, "3A": Match(task="3A", fits=("fit-cnn",), sure=False)}}
    )
    made = {row.task: row for row in rows(uncertain, TASKS)}
    assert list(made) == list(TASKS)
    assert (made["2C"].fits, made["2C"].sure) == (("fit-1",), True)
    assert made["2C"].places == ("assignment.ipynb, cell 4, line 3",)
    assert not made["3A"].sure
    assert (made["4A"].fits, made["4A"].reasons) == ((), ("No fit was found for it.",))
    assert rows(found.model_copy(update={"problem": "It could not be recorded."}), TASKS) == []


# --- followed


def follow_given(given, **changes):
    found = evidence(load("dat405_a7"), mlp(id="fit-1"), mlp(id="fit-2", epochs=3, batch_size=7), cnn(), **changes)
    return follow(given, found)


def test_what_a_person_gives_is_told_by_its_ids():
    assert follow_given({"2C": ("fit-2",), "4A": ()}) == ({"2C": ("fit-2",)}, [])
    assert follow_given({"2C": ()}) == ({"2C": ()}, [])


def test_what_the_rules_find_surely_stays_theirs():
    assert follow_given({"2C": ("fit-1",), "3A": ("fit-cnn",), "2D": ()}) == ({}, [])


def test_what_the_rules_are_unsure_of_is_a_persons_once_it_is_confirmed():
    uncertain = {"2C": Match(task="2C", fits=("fit-1",), sure=False)}
    assert follow_given({"2C": ("fit-1",)}, matches=uncertain) == ({"2C": ("fit-1",)}, [])


def test_fits_that_are_not_there_are_said_and_cost_the_other_tasks_nothing():
    followed, (problem,) = follow_given({"2C": ("fit-9",), "3A": ("fit-1",)})
    assert followed == {"3A": ("fit-1",)}
    assert problem.startswith("task 2C: not matched as given, because there is no fit 'fit-9'; there are: fit-1 in")


# --- together


def test_a_later_word_counts_for_more(tmp_path):
    settings = file(tmp_path, '[map."group 7"]\n2C = "fit-1"\n3A = "fit-1"\n', "harness.toml")
    path = file(tmp_path, HEAD + "group 7,3A,fit-2,yes\n")
    given = read(["group 7:4A=fit-3", str(path), "3A=fit-9"], settings, TASKS)
    assert given.of("group_7") == {"2C": ("fit-1",), "3A": ("fit-2",), "4A": ("fit-3",)}
    assert given.of("other") == {"3A": ("fit-9",)}
    assert read([], None, TASKS) == Overrides()


def test_fits_are_listed_once():
    assert split("fit-1; fit-2,,fit-1 ", "here") == ("fit-1", "fit-2")
    assert split(["fit-1", "fit-2, fit-3"], "here") == ("fit-1", "fit-2", "fit-3")
    assert split("fit-1, cell 14, cell 15 line 3, cell 16, line 4", "") == (
        "fit-1", "cell 14", "cell 15, line 3", "cell 16, line 4",
    )  # fmt: skip
    shown = "a b.ipynb, cell 3, line 2; c.py, line 4; d.py cell 1"
    assert split(shown, "") == ("a b.ipynb, cell 3, line 2", "c.py, line 4", "d.py, cell 1")
    assert "at most" in wrong(split, ",".join(f"fit-{number}" for number in range(501)), "here")
