"""The made-up class: the same for the same seed, in other words and no other meaning, as Canvas would give it."""

import ast
import contextlib
import io
import json
from collections import Counter
from dataclasses import replace
from random import Random

import generated_class
import notebook_variants
import pytest
from generated_class import BASES, Choice, choose, files_of, write
from notebook_variants import EDITS, code, source

from harness import downloads

SEED = 3


def test_a_smaller_class_is_the_beginning_of_a_larger_one(tmp_path):
    small, large = (write(tmp_path / str(count), count, SEED) for count in (4, 8))
    assert large[:4] == small
    for choice in small:
        first, again = (_bodies(tmp_path / count / "hand_ins" / choice.name) for count in ("4", "8"))
        assert first == again and (first or choice.base == "link")
    assert [choose(number, SEED + 1) for number in range(1, 5)] != small


def _bodies(folder):
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_most_keep_what_the_template_trains_and_few_are_no_work_at_all():
    several = [choose(number, SEED) for number in range(1, 1001)]
    whole = Counter(choice.base for choice in several)
    assert all(abs(whole[base] / 10 - share) < 3 for base, share in BASES.items() if base in whole)
    assert whole["link"] < 30
    assert sum(choice.other is None for choice in several) > 900
    assert 400 < sum(choice.factors == "np.linspace(1e-6, 1e-3, 5)" for choice in several) < 700
    networks = Counter(choice.network for choice in several)
    assert len(networks) > 50 and networks.most_common(1)[0][1] > 150, "some take a known one, many make one up"


def test_a_group_s_settings_are_in_its_notebook():
    plain = Choice(
        "group-1", "good_notebook", (), "np.array([1.0])", "conv9-7 pool3 flatten dense77", epochs=17, other=0
    )
    text = files_of(plain, SEED)["assignment.ipynb"].decode()
    for part in (
        "factors = np.array([1.0])",
        "Conv2D(9, kernel_size=7",
        "pool_size=3",
        "Dense(77",
        "epochs=17",
        "=12",
    ):
        assert part in text, part
    assert "Conv2D(16" not in text and "linspace(1e-6" not in text
    assert text.count("epochs=40") == 1


def _unread(body):
    """The code cells that Python cannot read, without blanks: magics, and mistakes that are meant."""
    cells = [source(cell) for cell in json.loads(body)["cells"] if cell["cell_type"] == "code"]
    return {"".join(text.split()) for text in cells if notebook_variants.parsed(text) is None}


def test_what_python_could_read_it_can_read_after_every_edit():
    scratch = {"".join(text.split()) for text in notebook_variants.SCRATCH}
    for number in range(1, 80):
        choice = choose(number, SEED)
        before, after = files_of(replace(choice, edits=()), SEED), files_of(choice, SEED)
        assert list(before) == list(after)
        for name in after:
            if name.endswith(".ipynb"):
                assert _unread(after[name]) <= _unread(before[name]) | scratch, choice
            elif name.endswith(".py") and choice.base in ("good_contract", "report_c"):
                ast.parse(after[name])


NOTEBOOK = [
    "from __future__ import annotations\nimport math",
    "total = 0\nnumbers = [2, 3, 5]\n_, last = 1, numbers[-1]\nscale = 0.5",
    "def grown(numbers, scale=2):\n    total = [scale * one for one in numbers]\n    return total\n",
    "for one in numbers:\n    total += one\n    square = one**2\nprint(total, square)",
    "print(f'{total} {math.pi:.2f}', grown(numbers, scale=scale))",
    "try:\n    {}['x']\nexcept KeyError as problem:\n    print(problem)\nlength = len('ä' * last); print(length)",
    "table = {'total': total}\nprint(table, sorted(numbers, key=lambda value: -value))",
]


def _said(cells):
    names = {}
    with contextlib.redirect_stdout(io.StringIO()) as said:
        for cell in cells:
            text = source(cell)
            if not text.startswith(("!", "%")):
                exec(compile(text, "cell", "exec", dont_inherit=True), names)
    return said.getvalue()


@pytest.mark.parametrize("edit", EDITS)
def test_an_edit_changes_the_words_and_not_what_is_done(edit):
    cells = [code(text) for text in NOTEBOOK]
    said, texts = _said(cells), [source(cell) for cell in cells]
    seen = set()
    for seed in range(60):
        made = EDITS[edit](cells, Random(seed))
        assert _said(made) == said, seed
        seen.add("\n".join(source(cell) for cell in made))
    assert [source(cell) for cell in cells] == texts
    assert len(seen) > 10 or edit == "reworded", "it changes something"


def test_the_same_setting_is_written_in_several_ways():
    cells = json.loads((generated_class.EXAMPLES / "good_notebook" / "assignment.ipynb").read_bytes())["cells"]
    before = "\n".join(source(cell) for cell in cells)
    made = {"\n".join(map(source, notebook_variants.reworded(cells, Random(seed)))) for seed in range(40)}
    assert len(made) > 20
    used = {words for words, _ in notebook_variants.SAME if words in before}
    assert {"SGD(learning_rate=0.1)", ".reshape(-1, 784)", 'optimizer="adam"'} <= used
    assert all(text.count("epochs=") == before.count("epochs=") for text in made)


def test_canvas_s_zip_is_read_as_what_was_chosen(tmp_path):
    choices = write(tmp_path / "class", 60, SEED)
    download = downloads.read(tmp_path / "class" / "submissions.zip", tmp_path / "into")
    assert download.kind == "canvas" and download.notes == ()
    assert len(download.hand_ins) == 60
    by_title = {one.title: one for one in download.hand_ins}
    for choice in choices:
        one = by_title[choice.name.replace("-", "")]
        assert one.late == choice.late
        assert (one.problem is not None) == (choice.base == "link")
        for name, body in files_of(choice, SEED).items():
            given = {path.name: path.read_bytes() for path in one.path.rglob("*") if path.is_file()}
            assert body in given.values(), (choice, name)
    assert any(not upload.counts for one in download.hand_ins for upload in one.uploads), "some handed in twice"


def test_the_command_says_where_the_class_is(tmp_path, capsys):
    generated_class.main(["--hand-ins", "3", "--seed", "5", "--out", str(tmp_path / "class")])
    assert "3 hand-ins" in capsys.readouterr().out
    listed = json.loads((tmp_path / "class" / "choices.json").read_text(encoding="utf-8"))
    assert [one["name"] for one in listed] == ["group-001", "group-002", "group-003"]
