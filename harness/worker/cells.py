"""Reading a hand-in's files into cells of code and passages of text, in the order in which they run."""

from __future__ import annotations

import json
import re
import tokenize
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from harness.recording import Passage, Where

MAX_TEXT = 20_000  # characters of one passage
MAX_PASSAGES = 20  # of one text file
MAX_COUNT = 1_000_000  # a higher execution count is nobody's
_COLOURS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
EXPORTED = 0.7  # share of a script's lines that stand in the notebook that it was exported from
CONTRACT_FILE = "submission.py"
_COPY_OF_CONTRACT = re.compile(r"(?i)(copy of )?submission[ _-]*(\(\d+\)|copy|\d+|final)?\.py")
MAX_NOTEBOOK_BYTES = 64 * 2**20  # a hundred large pictures


@dataclass(frozen=True)
class Cell:
    """One code cell or script. `number` counts code cells from 1, as In [n] does after Restart and Run All;
    a script is one cell and has no number. `count` is the In [n] that was saved."""

    file: str
    number: int | None
    text: str
    saved_outputs: tuple[str, ...] = ()
    count: int | None = None

    @property
    def where(self) -> Where:
        return Where(file=self.file, cell=self.number)


@dataclass(frozen=True)
class HandIn:
    """What there is to run (`files`, each a list of cells), to read (`answers`), and what could not be read."""

    kind: Literal["notebook", "contract", "scripts", "nothing"]
    files: tuple[tuple[Cell, ...], ...]
    answers: tuple[Passage, ...]
    unreadable: tuple[tuple[str, str], ...]  # (file, reason)


def read_hand_in(folder: Path) -> HandIn:
    """The hand-in in `folder`: by contract where there is one submission.py, or one file of nearly that name, else
    its notebooks and then its scripts, each in natural order. A script that a notebook was exported to is not read
    again."""
    files = sorted((path for path in folder.rglob("*") if path.is_file()), key=lambda path: natural(path, folder))
    contracts = [path for path in files if path.name == CONTRACT_FILE]
    contracts = contracts or [path for path in files if _COPY_OF_CONTRACT.fullmatch(path.name)]
    notebooks = [path for path in files if path.suffix.lower() == ".ipynb"]
    scripts = [path for path in files if path.suffix.lower() == ".py"]
    answers: list[Passage] = []
    unreadable: list[tuple[str, str]] = []
    runs: list[tuple[Cell, ...]] = []
    kind: Literal["notebook", "contract", "scripts", "nothing"] = "nothing"
    chosen: list[Path] = []
    if len(contracts) == 1:
        kind, chosen = "contract", contracts
    elif notebooks:
        kind, chosen = "notebook", [*notebooks, *scripts]
    elif scripts:
        kind, chosen = "scripts", scripts
    for path in chosen:
        name = file_name(path, folder)
        try:
            if path.suffix.lower() == ".ipynb":
                cells, passages = read_notebook(path, name)
                answers += passages
            else:
                cells = (Cell(name, None, read_source(path)),)
                if kind == "notebook" and is_export(cells[0].text, runs):
                    continue
            runs.append(cells)
        except UnreadableFileError as error:
            unreadable.append((name, str(error)))
    for path in files:
        if path.suffix.lower() in (".md", ".txt") and path.name.lower() != "readme.md":
            name = file_name(path, folder)
            answers += _passages(_text(path), name)
    return HandIn(kind, tuple(runs), tuple(answers), tuple(unreadable))


def is_export(text: str, files: Iterable[tuple[Cell, ...]]) -> bool:
    """Whether most of a script's lines stand in one of these files: a notebook that was saved as Python too."""
    lines = _lines(text)
    return bool(lines) and any(
        len(lines & set().union(*(_lines(cell.text) for cell in cells))) >= EXPORTED * len(lines) for cells in files
    )


def _lines(text: str) -> set[str]:
    """The lines of code: neither empty nor comments, nor what an export makes of magics."""
    lines = (line.strip() for line in text.split("\n"))
    return {line for line in lines if line and line[0] not in "#%!" and not line.startswith("get_ipython()")}


class UnreadableFileError(ValueError):
    """A file that is not what its name says; the message is for the student."""


def read_notebook(path: Path, name: str) -> tuple[tuple[Cell, ...], list[Passage]]:
    """Code cells and markdown passages of a notebook of any format version. Raises UnreadableFileError."""
    if (size := path.stat().st_size) > MAX_NOTEBOOK_BYTES:
        raise UnreadableFileError(
            f"it has {size / 2**20:,.0f} MiB, and a notebook may have {MAX_NOTEBOOK_BYTES / 2**20:.0f}; clear its "
            "outputs and save it again"
        )
    try:
        raw_cells = _raw_cells(_text(path))
    except RecursionError:
        raise UnreadableFileError("it is nested too deeply to be a notebook") from None
    except Exception as error:
        raise UnreadableFileError(
            f"it is not a notebook that Jupyter could open ({type(error).__name__}); save it again and check "
            "that it opens"
        ) from None
    cells: list[Cell] = []
    passages: list[Passage] = []
    for raw in raw_cells:
        if not isinstance(raw, dict):
            continue
        text = _joined(raw.get("source"))
        if raw.get("cell_type") == "code":
            outputs = tuple(_outputs(raw.get("outputs")))
            cells.append(Cell(name, len(cells) + 1, text, outputs, _count(raw.get("execution_count"))))
        elif text.strip():
            place = Where(file=name, cell=len(cells) or None)
            passages.append(Passage(where=place, text=text[:MAX_TEXT]))
    return tuple(cells), passages


def _raw_cells(text: str) -> list[Any]:
    """The cells as format 4 has them. Older notebooks are converted; today's are read without a look at what else
    is in them, so that a careless tool's notebook counts as much as Jupyter's."""
    notebook = json.loads(text)
    if isinstance(notebook.get("cells"), list):
        version = notebook.get("nbformat", 4)
        if not isinstance(version, int) or version >= 4:
            return list(notebook["cells"])
    import nbformat

    return list(nbformat.reads(text, as_version=4).cells)


def read_source(path: Path) -> str:
    """The text of a Python file in the encoding it declares. Raises UnreadableFileError."""
    try:
        with tokenize.open(path) as file:
            return file.read()
    except (SyntaxError, ValueError, LookupError):
        return _plain_lines(_text(path))


def natural(path: Path, folder: Path) -> list[Any]:
    """A sort key by which `part2` comes before `part10`."""
    name = path.relative_to(folder).as_posix().lower()
    parts = re.split(r"(\d+)", name)  # every second part is a number
    return [[int(part) if place % 2 else part for place, part in enumerate(parts)], name]


def clean(text: str) -> str:
    """`text` without halves of surrogate pairs, which no UTF-8 can hold (a recording with one would be lost), and
    without colours for a terminal."""
    return _COLOURS.sub("", text).encode("utf-8", "replace").decode("utf-8")


def file_name(path: Path, folder: Path) -> str:
    """A file's path in the hand-in, as long as a recording may hold: of a longer one the end."""
    return clean(path.relative_to(folder).as_posix())[-300:]


def _text(path: Path) -> str:
    data = path.read_bytes()
    for encoding in ("utf-8-sig", "utf-16") if data[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig",):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1")


def _passages(text: str, name: str) -> list[Passage]:
    """A text file in passages of whole lines, each with the number of its first line."""
    passages: list[Passage] = []
    first, lines, length = 1, list[str](), 0
    for number, line in enumerate(text.splitlines(), 1):
        line = line[: MAX_TEXT - 1]
        if length + len(line) + 1 > MAX_TEXT:
            passages.append(Passage(where=Where(file=name, line=first), text="\n".join(lines)))
            first, lines, length = number, [], 0
        lines.append(line)
        length += len(line) + 1
    passages.append(Passage(where=Where(file=name, line=first), text="\n".join(lines)))
    return passages[:MAX_PASSAGES]


def _joined(value: Any) -> str:
    """Text that a notebook holds as one string or as a list of lines; anything else is no text."""
    if isinstance(value, list):
        value = "".join(part for part in value if isinstance(part, str))
    return clean(_plain_lines(value)) if isinstance(value, str) else ""


def _plain_lines(text: str) -> str:
    """`text` without a byte order mark and with the line ends of Unix: magics would keep those of Windows."""
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def _count(value: Any) -> int | None:
    """A saved execution count; what Jupyter never writes is none."""
    return value if type(value) is int and 1 <= value <= MAX_COUNT else None


def _outputs(outputs: Any) -> list[str]:
    """Text that a cell had saved; pictures and HTML are left alone."""
    texts: list[str] = []
    for output in outputs if isinstance(outputs, list) else []:
        if not isinstance(output, dict):
            continue
        data = output.get("data")
        text = _joined(output.get("text")) or _joined(data.get("text/plain") if isinstance(data, dict) else None)
        if text.strip():
            texts.append(text[-MAX_TEXT:])  # the end of a long log holds the last epoch
    return texts
