"""A notebook in other words: what students change that does not change what is trained.

Each edit takes the cells of a notebook and a seeded generator, and gives cells that do the same. They work on the
text as Python's own parser sees it, and leave alone what they cannot parse (magics, a syntax error).
"""

from __future__ import annotations

import ast
import itertools
import re
from functools import partial
from random import Random
from typing import Any

Cell = dict[str, Any]

STYLES = (
    lambda name: name + "_",
    lambda name: "my_" + name,
    lambda name: "".join(part.capitalize() if number else part for number, part in enumerate(name.split("_"))),
    lambda name: name + "2",
)
REMARKS = ("see the lecture notes", "TODO: tidy up", "this took a while", "as in the template", "checked", "---")
SCRATCH = ("2 + 2", "import sys", "!nvidia-smi", "%matplotlib inline", "")
SAME = (
    ('loss="categorical_crossentropy"', "loss=keras.losses.CategoricalCrossentropy()"),
    ('loss="categorical_crossentropy"', "loss=keras.losses.categorical_crossentropy"),
    ("loss=keras.losses.categorical_crossentropy", 'loss="categorical_crossentropy"'),
    ('optimizer="adam"', "optimizer=keras.optimizers.Adam()"),
    ('optimizer="adam"', "optimizer=keras.optimizers.Adam(learning_rate=0.001)"),
    ("SGD(learning_rate=0.1)", "SGD(0.1)"),
    ("SGD(lr=0.1)", "SGD(learning_rate=0.1)"),
    ('activation="relu"', "activation=keras.activations.relu"),
    ('activation="softmax"', "activation=keras.activations.softmax"),
    ("kernel_size=5", "kernel_size=(5, 5)"),
    ("pool_size=2", "pool_size=(2, 2)"),
    (".reshape(-1, 784)", ".reshape((len({0}), 784))"),
    ("epochs=40", "epochs=4 * 10"),
)
"""A way to write a setting, and another that means the same. `{0}`: the name before it."""


def source(cell: Cell) -> str:
    """A cell's text, which notebooks hold as one string or as lines."""
    text = cell["source"]
    return text if isinstance(text, str) else "".join(text)


def code(text: str) -> Cell:
    """A code cell that was not run."""
    return {"cell_type": "code", "metadata": {}, "execution_count": None, "outputs": [], "source": text}


def changed(cell: Cell, text: str) -> Cell:
    """The cell with another text."""
    return {**cell, "source": text}


def parsed(text: str) -> ast.Module | None:
    """The text as Python reads it; None where it does not."""
    try:
        return ast.parse(text)
    except SyntaxError:
        return None


# --- edits


def renamed(cells: list[Cell], rng: Random) -> list[Cell]:
    """Other names for about half of what the notebook assigns at the top of its cells."""
    trees = {number: parsed(source(cell)) for number, cell in enumerate(cells) if cell["cell_type"] == "code"}
    names = {name for tree in trees.values() if tree for name in _assigned(tree)}
    names -= {name for tree in trees.values() if tree for name in _fixed(tree)}
    unread = " ".join(source(cells[number]) for number, tree in trees.items() if tree is None)
    names -= set(re.findall(r"\w+", unread))
    used = {node.id for tree in trees.values() if tree for node in ast.walk(tree) if isinstance(node, ast.Name)}
    style = rng.choice(STYLES)
    others = {name: style(name) for name in sorted(names) if rng.random() < 0.5}
    others = {name: new for name, new in others.items() if new not in used and new != name}
    return [
        changed(cell, _with_names(source(cell), tree, others)) if (tree := trees.get(number)) else cell
        for number, cell in enumerate(cells)
    ]


def commented(cells: list[Cell], rng: Random) -> list[Cell]:
    """Remarks above some of the statements."""
    made = []
    for cell in cells:
        tree = parsed(source(cell)) if cell["cell_type"] == "code" else None
        lines = source(cell).split("\n")
        for statement in reversed(tree.body if tree else []):
            if rng.random() < 0.3 and not _is_future(statement):
                lines.insert(_first_line(statement) - 1, f"# {rng.choice(REMARKS)}")
        made.append(changed(cell, "\n".join(lines)))
    return made


def shifted(cells: list[Cell], rng: Random) -> list[Cell]:
    """Cells split in two between statements, and cells that do nothing among them."""
    made: list[Cell] = []
    for cell in cells:
        tree = parsed(source(cell)) if cell["cell_type"] == "code" else None
        if tree and len(tree.body) > 2 and rng.random() < 0.3:
            lines = source(cell).split("\n")
            at = _first_line(tree.body[rng.randrange(1, len(tree.body))]) - 1
            made += [changed(cell, "\n".join(lines[:at])) | {"outputs": []}, changed(cell, "\n".join(lines[at:]))]
        else:
            made.append(cell)
        if rng.random() < 0.05 and not any(_is_future(one) for one in (tree.body if tree else [])):
            made.append(code(rng.choice(SCRATCH)))
    return made


def reworded(cells: list[Cell], rng: Random) -> list[Cell]:
    """The same settings in other words."""
    chosen = [pair for pair in SAME if rng.random() < 0.4]
    made = []
    for cell in cells:
        text = source(cell)
        if cell["cell_type"] == "code" and parsed(text):
            for words, others in chosen:
                text = re.sub(rf"(\w+(?=\.))?{re.escape(words)}", partial(_in_other_words, others), text)
        made.append(changed(cell, text))
    return made


EDITS = {"renamed": renamed, "commented": commented, "shifted": shifted, "reworded": reworded}


# --- of names and lines


def _in_other_words(others: str, found: re.Match[str]) -> str:
    before = found[1] or ""
    if "{0}" in others:
        return before + others.replace("{0}", before) if before else found[0]
    return before + others


def _assigned(tree: ast.Module) -> set[str]:
    """Names that are assigned outside of functions and classes."""
    names: set[str] = set()
    for statement in tree.body:
        if not isinstance(statement, ast.FunctionDef | ast.ClassDef):
            stored = (node for node in ast.walk(statement) if isinstance(node, ast.Name))
            names |= {node.id for node in stored if isinstance(node.ctx, ast.Store) and node.id.strip("_")}
    return names


def _fixed(tree: ast.Module) -> set[str]:
    """Names that are not to be changed: also an argument's, an import's or a function's, or within an f-string,
    whose places Python 3.11 does not tell."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.arg):
            names.add(node.arg)
        elif isinstance(node, ast.alias):
            names.add((node.asname or node.name).partition(".")[0])
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Global | ast.Nonlocal):
            names |= set(node.names)
        elif isinstance(node, ast.ExceptHandler) and node.name:
            names.add(node.name)
        elif isinstance(node, ast.JoinedStr):
            names |= {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}
    return names


def _with_names(text: str, tree: ast.Module, others: dict[str, str]) -> str:
    lines = [line.encode() for line in text.split("\n")]  # the parser counts bytes
    places = (node for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id in others)
    for node in sorted(places, key=lambda node: (node.lineno, node.col_offset), reverse=True):
        line = lines[node.lineno - 1]
        lines[node.lineno - 1] = line[: node.col_offset] + others[node.id].encode() + line[node.end_col_offset :]
    return b"\n".join(lines).decode()


def _first_line(statement: ast.stmt) -> int:
    decorators = getattr(statement, "decorator_list", [])
    return min(itertools.chain([statement.lineno], (one.lineno for one in decorators)))


def _is_future(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.ImportFrom) and statement.module == "__future__"
