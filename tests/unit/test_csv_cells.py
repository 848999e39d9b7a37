"""Tables cell by cell: what the csv module reads is read, and what is not changed stays as it was."""

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.csv_cells import TableError, changed, lines, text_of

CELL = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=8)


@given(st.lists(st.lists(CELL, min_size=2, max_size=4), min_size=1, max_size=5), st.sampled_from(["\n", "\r\n"]))
def test_what_the_csv_module_writes_is_read_back(rows, end):
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator=end, quoting=csv.QUOTE_ALL).writerows(rows)
    read = lines(text.getvalue(), "x.csv")
    assert [[cell.value for cell in line.cells] for line in read] == rows


@given(st.text('a";,\n\r', max_size=30))
def test_any_text_is_read_or_refused_and_stays_as_it_is(text):
    try:
        read = lines(text, "x.csv")
    except TableError:
        return
    cells = [cell for line in read for cell in line.cells]
    assert changed(text, [(cell, text[cell.start : cell.end]) for cell in cells]) == text
    covered = sum(cell.end - cell.start for cell in cells)
    assert covered + sum(1 for character in text if character in ",;\t\r\n") >= len(text)


def test_one_cell_changes_and_no_other_byte():
    text = '\ufeffa;"b; ""c"";d"\r\n1;"2\r\n2";\r\n'
    read = lines(text, "x.csv")
    assert [line.number for line in read] == [1, 2]
    assert [cell.value for cell in read[1].cells] == ["1", "2\r\n2", ""]
    for cells in ((2, 0), (0, 2)):
        assert changed(text, [(read[1].cells[place], f"{place}.75") for place in cells]) == (
            '\ufeffa;"b; ""c"";d"\r\n0.75;"2\r\n2";2.75\r\n'
        )


@pytest.mark.parametrize(
    ("text", "said"),
    [('a,b\n"c,d\n', "line 2: a quote that is opened"), ('a,b\n"c"d,e\n', "line 2: something stands behind")],
)
def test_what_is_no_table_is_said_with_its_line(text, said):
    with pytest.raises(TableError, match=said):
        lines(text, "x.csv")


def test_other_encodings_are_said_with_their_line(tmp_path: Path):
    (tmp_path / "x.csv").write_bytes("a,b\nÅsa,1\n".encode("latin-1"))
    with pytest.raises(TableError, match=r"line 2: not in UTF-8; save it"):
        text_of(tmp_path / "x.csv")
    with pytest.raises(TableError, match="cannot be read"):
        text_of(tmp_path / "missing.csv")
