"""Reading hand-ins: every notebook version, broken files, encodings, and the order in which files run."""

import json
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from notebooks import code, md, notebook, notebook_3, write

from harness.worker import cells
from harness.worker.cells import UnreadableFileError, read_hand_in, read_notebook

pytestmark = pytest.mark.filterwarnings("ignore::nbformat.warnings.MissingIDFieldWarning")


def texts(hand_in):
    return [[cell.text for cell in file] for file in hand_in.files]


# --- what a folder holds


def test_a_notebook_is_code_cells_numbered_from_one_and_passages(tmp_path):
    write(tmp_path, {"a.ipynb": notebook(md("# Intro"), "x = 1", md("Why 64?"), md("  "), "y = 2")})
    hand_in = read_hand_in(tmp_path)
    assert hand_in.kind == "notebook"
    assert [(cell.number, cell.text, cell.file) for cell in hand_in.files[0]] == [
        (1, "x = 1", "a.ipynb"),
        (2, "y = 2", "a.ipynb"),
    ]
    assert [(str(answer.where), answer.text) for answer in hand_in.answers] == [
        ("a.ipynb", "# Intro"),
        ("a.ipynb, cell 1", "Why 64?"),
    ]


def test_a_contract_file_goes_before_notebooks_and_scripts(tmp_path):
    write(tmp_path, {"sub/submission.py": "x = 1", "a.ipynb": notebook("y"), "b.py": "z"})
    hand_in = read_hand_in(tmp_path)
    assert (hand_in.kind, texts(hand_in)) == ("contract", [["x = 1"]])


@pytest.mark.parametrize(
    "name",
    ["submission (1).py", "Submission.py", "submission_final.py", "submission-2.py"],
)
def test_a_copy_of_the_contract_is_one(tmp_path, name):
    """As browsers and people name what they download or save once more."""
    write(tmp_path, {f"final/{name}": "x = 1"})
    assert (read_hand_in(tmp_path).kind, texts(read_hand_in(tmp_path))) == ("contract", [["x = 1"]])
    write(tmp_path, {"submission.py": "y = 1"})
    assert texts(read_hand_in(tmp_path)) == [["y = 1"]]


@pytest.mark.parametrize("name", ["submissions.py", "mysubmission.py", "submission (1).py.py"])
def test_what_only_sounds_like_the_contract(tmp_path, name):
    write(tmp_path, {name: "x = 1"})
    assert read_hand_in(tmp_path).kind == "scripts"


def test_two_contract_files_are_scripts(tmp_path):
    write(tmp_path, {"one/submission.py": "x = 1", "two/submission.py": "x = 2"})
    hand_in = read_hand_in(tmp_path)
    assert (hand_in.kind, texts(hand_in)) == ("scripts", [["x = 1"], ["x = 2"]])


def test_scripts_run_in_natural_order(tmp_path):
    write(tmp_path, {f"task{number}.py": f"{number}" for number in (10, 2, 1)})
    assert texts(read_hand_in(tmp_path)) == [["1"], ["2"], ["10"]]


def test_notebooks_of_any_case_and_folder(tmp_path):
    write(tmp_path, {"B.IPYNB": notebook("b"), "a/c.ipynb": notebook("c"), "a/helper.py": "h"})
    assert texts(read_hand_in(tmp_path)) == [["c"], ["b"], ["h"]]  # scripts last


def test_nothing_to_run(tmp_path):
    write(tmp_path, {"report.pdf": b"%PDF"})
    hand_in = read_hand_in(tmp_path)
    assert (hand_in.kind, hand_in.files, hand_in.answers) == ("nothing", (), ())


def test_written_answers_are_read_and_a_readme_is_not(tmp_path):
    write(tmp_path, {"submission.py": "", "answers.md": "# 2A\nwords", "README.md": "no", "notes.TXT": "yes"})
    assert [answer.text for answer in read_hand_in(tmp_path).answers] == ["# 2A\nwords", "yes"]


def test_one_broken_notebook_does_not_cost_the_other(tmp_path):
    write(tmp_path, {"a.ipynb": "{", "b.ipynb": notebook("x = 1")})
    hand_in = read_hand_in(tmp_path)
    assert texts(hand_in) == [["x = 1"]]
    assert [name for name, _ in hand_in.unreadable] == ["a.ipynb"]


def test_a_path_longer_than_a_recording_may_hold(tmp_path):
    name = "/".join(["d" * 100] * 4) + "/answers.md"
    write(tmp_path, {name: "words", "/".join(["d" * 100] * 4) + "/a.py": "x = 1"})
    hand_in = read_hand_in(tmp_path)
    assert hand_in.answers[0].where.file.endswith("answers.md")
    assert hand_in.files[0][0].where.file.endswith("a.py")


# --- notebooks


@pytest.mark.parametrize(
    "text",
    [
        notebook("x = 1", "y = 2"),
        notebook_3("x = 1", "y = 2"),
        notebook("x = 1", "y = 2", nbformat_minor=0),
        notebook({"cell_type": "code", "source": ["x =", " 1"], "metadata": {}, "outputs": []}, "y = 2"),
        notebook({"cell_type": "code", "source": "x = 1"}, "y = 2"),  # cells that a tool wrote carelessly
        json.dumps({"cells": json.loads(notebook("x = 1", "y = 2"))["cells"]}),  # no version at all
    ],
)
def test_notebooks_of_every_version(tmp_path, text):
    write(tmp_path, {"a.ipynb": text})
    read, _ = read_notebook(tmp_path / "a.ipynb", "a.ipynb")
    assert [(cell.number, cell.text) for cell in read] == [(1, "x = 1"), (2, "y = 2")]


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"not json",
        b"[]",
        b"3",
        b"null",
        b"{}",
        b'{"nbformat": 4, "nbformat_minor": 4, "metadata": {}}',
        b'{"nbformat": "four", "cells": []',
        b'<<<<<<< HEAD\n{"nbformat": 4}\n=======\n',
        b"[" * 100_000,
        b"\x89PNG\r\n",
        notebook("x")[:-20].encode(),
        json.dumps({"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": 7}).encode(),
    ],
)
def test_what_is_no_notebook(tmp_path, text):
    write(tmp_path, {"a.ipynb": text})
    with pytest.raises(UnreadableFileError, match="notebook"):
        read_notebook(tmp_path / "a.ipynb", "a.ipynb")


def test_a_notebook_of_200_megabytes_is_not_read(tmp_path):
    write(tmp_path, {"a.ipynb": notebook("x = 1")})
    with (tmp_path / "a.ipynb").open("r+b") as file:
        file.truncate(200 * 2**20)
    with pytest.raises(UnreadableFileError, match="it has 200 MiB, and a notebook may have 64"):
        read_notebook(tmp_path / "a.ipynb", "a.ipynb")


@pytest.mark.parametrize(
    "cell",
    [
        3,
        "x",
        None,
        [],
        {"cell_type": "code"},
        {"cell_type": "code", "source": None, "outputs": None, "metadata": {}},
        {"cell_type": "code", "source": "", "outputs": [1, "x", None, {"data": 3}, {"text": [1, None]}]},
        {"cell_type": "code", "source": "", "outputs": {"text": "x"}},
        {"cell_type": ["code"], "source": ""},
    ],
)
def test_odd_cells_do_not_cost_the_others(tmp_path, cell):
    write(tmp_path, {"a.ipynb": json.dumps(json.loads(notebook("x = 1")) | {"cells": [code("x = 1"), cell]})})
    read, _ = read_notebook(tmp_path / "a.ipynb", "a.ipynb")
    assert read[0].text == "x = 1"
    assert all(cell.text == "" for cell in read[1:])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_notebook_encodings(tmp_path, encoding):
    text = json.dumps(json.loads(notebook("print('Zürich ≥ 97 %')")), ensure_ascii=False)
    write(tmp_path, {"a.ipynb": text.encode(encoding)})
    read, _ = read_notebook(tmp_path / "a.ipynb", "a.ipynb")
    assert read[0].text == "print('Zürich ≥ 97 %')"


def test_half_characters_do_not_cross(tmp_path):
    cell = code("x = '\ud800'", "out \udfff")
    write(tmp_path, {"a.ipynb": notebook(cell, md("half \ud83d"))})
    read, passages = read_notebook(tmp_path / "a.ipynb", "a.ipynb")
    for text in (read[0].text, read[0].saved_outputs[0], passages[0].text):
        text.encode("utf-8")


def test_saved_outputs_are_texts_and_the_end_of_long_ones(tmp_path):
    cell = code("fit()", "Epoch 1\n")
    cell["outputs"] += [
        {
            "output_type": "execute_result",
            "data": {"text/plain": ["0.97", "25"]},
            "metadata": {},
            "execution_count": 1,
        },
        {"output_type": "display_data", "data": {"image/png": "aaaa"}, "metadata": {}},
        {"output_type": "error", "ename": "E", "evalue": "e", "traceback": []},
        {"output_type": "stream", "name": "stdout", "text": "x" * 30_000 + "last epoch"},
    ]
    write(tmp_path, {"a.ipynb": notebook(cell)})
    first, second, third = read_notebook(tmp_path / "a.ipynb", "a.ipynb")[0][0].saved_outputs
    assert (first, second) == ("Epoch 1\n", "0.9725")
    assert len(third) == cells.MAX_TEXT
    assert third.endswith("last epoch")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 5) | st.text(max_size=4) | st.sampled_from(["code", "stream"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["source", "cell_type", "outputs", "text", "data", "metadata"]), inner)
    ),
    max_leaves=12,
)
tops = st.fixed_dictionaries(
    {},
    optional={
        "nbformat": st.integers(-1, 6) | json_values,
        "nbformat_minor": st.integers(-1, 6) | json_values,
        "metadata": json_values,
        "cells": st.lists(json_values, max_size=4) | json_values,
        "worksheets": st.lists(json_values, max_size=2),
    },
)


@pytest.mark.filterwarnings("ignore")  # nbformat warns of whatever it repairs
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tops | json_values)
def test_any_json_is_cells_or_unreadable(tmp_path, value):
    write(tmp_path, {"a.ipynb": json.dumps(value)})
    try:
        read, passages = read_notebook(tmp_path / "a.ipynb", "a.ipynb")
    except UnreadableFileError:
        return
    assert [cell.number for cell in read] == list(range(1, len(read) + 1))
    assert all(isinstance(passage.text, str) for passage in passages)


# --- scripts


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("x = 'ü'".encode(), "x = 'ü'"),
        (b"\xef\xbb\xbfx = 1", "x = 1"),
        (b"# -*- coding: latin-1 -*-\nx = '\xfc'", "# -*- coding: latin-1 -*-\nx = 'ü'"),
        (b"# -*- coding: klingon -*-\nx = 1", "# -*- coding: klingon -*-\nx = 1"),
        (b"x = '\xfc'", "x = 'ü'"),  # Windows, undeclared
        ("x = 'ü'".encode("utf-16"), "x = 'ü'"),
        (b"x = 1\r\ny = 2\r\n", "x = 1\ny = 2\n"),
        (b"# -*- coding: utf-7 -*-\nx = 1", "# -*- coding: utf-7 -*-\nx = 1"),
        (b"# -*- coding: rot13 -*-\nx = 1", "# -*- coding: rot13 -*-\nx = 1"),
        (b"", ""),
    ],
)
def test_source_encodings(tmp_path, data, text):
    write(tmp_path, {"a.py": data})
    assert cells.read_source(tmp_path / "a.py") == text


# --- order


def order(*names):
    folder = Path("/h")
    return sorted(names, key=lambda name: cells.natural(folder / name, folder))


def test_numbers_count_as_numbers():
    assert order("part10.py", "Part2.py", "part1.py", "part1b.py") == [
        "part1.py",
        "part1b.py",
        "Part2.py",
        "part10.py",
    ]


def test_digits_that_are_no_numbers():
    assert order("1²3.py", "x²", "²", "1.py", "٣.py", "2.py") == order("2.py", "٣.py", "1.py", "²", "x²", "1²3.py")


names = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=8).filter(
    lambda name: name not in (".", "..")
)


@given(st.lists(names | st.text("0123456789²٣", min_size=1, max_size=6), max_size=6))
def test_any_names_have_an_order(listed):
    assert order(*listed) == order(*reversed(listed)) or len(
        {PurePosixPath(n).as_posix().lower() for n in listed}
    ) < len(listed)


# --- execution counts, line ends, exports


@pytest.mark.parametrize(
    ("saved", "read"),
    [
        (3, 3),
        (None, None),
        (0, None),
        (-1, None),
        (True, None),
        ("4", None),
        (2.0, None),
        (10**30, None),
        ([1], None),
    ],
)
def test_execution_counts_that_jupyter_would_write(tmp_path, saved, read):
    write(tmp_path, {"a.ipynb": notebook({**code("x"), "execution_count": saved})})
    assert [cell.count for cell in read_notebook(tmp_path / "a.ipynb", "a.ipynb")[0]] == [read]


def test_a_cell_without_a_count(tmp_path):
    write(tmp_path, {"a.ipynb": notebook({"cell_type": "code", "source": "x"})})
    assert read_notebook(tmp_path / "a.ipynb", "a.ipynb")[0][0].count is None


def test_line_ends_of_windows_and_byte_order_marks(tmp_path):
    write(tmp_path, {"a.ipynb": notebook("\ufeff%matplotlib inline\r\nx = 1\ry = 2")})
    write(tmp_path, {"b.py": b"\xef\xbb\xbfa = 1\r\nb = 2\r\n"})
    assert texts(read_hand_in(tmp_path)) == [["%matplotlib inline\nx = 1\ny = 2"], ["a = 1\nb = 2\n"]]


BODY = ["import keras", "m = keras.Sequential()", "m.fit(x, y)", "print(m)"]


@pytest.mark.parametrize(
    ("script", "same"),
    [
        ("# coding: utf-8\n\n# In[1]:\n\nimport keras\nget_ipython().magic('x')\n\nm = keras.Sequential()\n", True),
        ("# %%\nimport keras\n# %%\n    m.fit(x, y)\nprint(m)\n", True),
        ("import keras\nprint(other)\nm.fit(a, b)\n", False),
        ("# only a comment\n", False),
        ("", False),
    ],
)
def test_a_script_that_a_notebook_was_saved_as_is_not_read_again(tmp_path, script, same):
    write(tmp_path, {"lab.ipynb": notebook("\n".join(BODY[:2]), "\n".join(BODY[2:])), "lab2.py": script})
    assert len(read_hand_in(tmp_path).files) == (1 if same else 2)


def test_equal_scripts_are_both_read(tmp_path):
    write(tmp_path, {"a.py": "x = 1", "b.py": "x = 1"})
    assert len(read_hand_in(tmp_path).files) == 2
