"""Which recorded trainings the code as it was handed in asks for."""

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from notebooks import md, notebook

from harness import accounted
from harness.accounted import MAX_BYTES, MOST, Text, source_text, unaccounted
from harness.dryrun import record
from harness.recording import FitRecord, Recording, SourceRecord, Where
from harness.sandbox import Ended, Frames, SandboxRun
from harness.scoring import INTEGRITY
from harness.worker.contract import Build, Contract

CONTRACT = Contract(builds=(Build(task="2C", function="build_mlp", epochs=10, batch_size=128),))


def told(*places: Where | None, kind="notebook", task=None, **more) -> Recording:
    """A recording with a fit at each place."""
    fits = [
        FitRecord(id=f"fit-{number}", model=1, epochs=1, where=where, contract_task=task)
        for number, where in enumerate(places, 1)
    ]
    return Recording(kind=kind, fits=tuple(fits), complete=True, **more)


def places(recording, folder):
    return [finding.where for finding in unaccounted(recording, folder, CONTRACT)]


def script(folder, text, name="work.py"):
    (folder / name).write_text(text, encoding="utf-8")


ASKED = {
    "plain": ("model.fit(x, y)\n", 1),
    "over several lines": ("h = model.fit(\n    x,\n    y,\n)\n", 3),
    "with a name of its own": ("train = model.fit\ntrain(x, y)\n", 2),
    "handed on": ("run(model.fit)\ndef run(train):\n    train(x, y)\n", 3),
    "by its name": ('getattr(model, "fit")(x, y)\n', 1),
    "Keras 2": ("model.fit_generator(g)\n", 1),
    "a loop": ("for batch in data:\n    model.train_on_batch(\n        *batch\n    )\n", 3),
    "a magic's line": ("%time model.fit(x, y)\n", 1),
    "of Python 2": ("print 'x'\nmodel.fit(x, y)\n", 2),
    "a text": ('exec("model.fit(x, y)")\n', 1),
}
NOT_ASKED = {
    "no such line": ("model.fit(x, y)\n", 7),
    "line 0": ("model.fit(x, y)\n", 0),
    "another line": ("x = 1\nmodel.fit(x, y)\n", 1),
    "a comment": ("exec(hidden)  # model.fit(x, y)\n", 1),
    "decoded": ("exec(base64.b64decode(hidden))\n", 1),
    "the line of the loop alone": ("for m in ms:\n    m.fit(x, y)\nexec(hidden)\n", 3),
    "another word": ("print('a benefit of fitness')\n", 1),
    "around it": ("def train():\n    exec(hidden)\n    return model.fit(x)\n", 2),
}


@pytest.mark.parametrize("case", ASKED)
def test_a_training_that_stands_there_is_accounted_for(case, tmp_path):
    text, line = ASKED[case]
    script(tmp_path, text)
    assert places(told(Where(file="work.py", line=line), kind="scripts"), tmp_path) == []


@pytest.mark.parametrize("case", NOT_ASKED)
def test_a_training_that_does_not_is_noted(case, tmp_path):
    text, line = NOT_ASKED[case]
    script(tmp_path, text)
    where = Where(file="work.py", line=line)
    assert places(told(where, kind="scripts"), tmp_path) == [where]


def test_the_recordings_own_copy_of_the_code_counts_for_nothing(tmp_path):
    script(tmp_path, "exec(hidden)\n")
    where = Where(file="work.py", line=1)
    source = SourceRecord(where=Where(file="work.py"), text="model.fit(x, y)\n")
    assert places(told(where, kind="scripts", sources=(source,)), tmp_path) == [where]


def test_cells_are_counted_as_the_worker_counts_them(tmp_path):
    text = notebook("x = 1", md("model.fit"), "model.fit(x)", "\n\nmodel.fit(x)")
    (tmp_path / "work.ipynb").write_text(text, encoding="utf-8")
    there = [Where(file="work.ipynb", cell=2, line=1), Where(file="work.ipynb", cell=3, line=3)]
    elsewhere = [Where(file="work.ipynb", cell=1, line=1), Where(file="work.ipynb", cell=9, line=1)]
    assert places(told(*there, *elsewhere), tmp_path) == elsewhere


def test_a_place_that_was_not_handed_in(tmp_path):
    script(tmp_path, "model.fit(x)\n")
    (tmp_path / "link.py").symlink_to(tmp_path / "work.py")
    for where in (None, Where(file="other.py", line=1), Where(file="link.py", line=1), Where(file="../work.py")):
        assert places(told(where, kind="scripts"), tmp_path) == [where]
    assert places(told(Where(file="work.py"), kind="scripts"), tmp_path) == []  # somewhere in the file


def test_by_contract_the_function_that_builds_the_network_is_enough(tmp_path):
    script(tmp_path, "def build_mlp(): ...\n", "submission.py")
    where = Where(file="submission.py", line=1)
    for place in (where, None):
        assert places(told(place, kind="contract", task="2C"), tmp_path) == []
    assert places(told(where, kind="contract", task="4A"), tmp_path) == [where]
    assert places(told(where, kind="contract"), tmp_path) == [where]


def test_a_statement_of_many_lines_is_looked_at_once(monkeypatch):
    looked: list[int] = []
    real = accounted._words
    monkeypatch.setattr(accounted, "_words", lambda one: looked.append(one.lineno) or real(one))
    text = Text("x = [\n" + "    1,\n" * 2_000 + "    model.fit(x),\n]\n")
    assert text.asking == frozenset(range(1, 2_004))
    assert looked == [1]


def test_the_file_chooses_no_decoder():
    for name in ("punycode", "utf-7", "idna", "rot13", "no-such"):
        assert source_text(f"# coding: {name}\nx = 'ü'\n".encode()) == f"# coding: {name}\nx = 'Ã¼'\n"
    assert source_text("# coding: cp1252\r\n€".encode("cp1252")) == "# coding: cp1252\n€"
    assert source_text("\ufeffü\r".encode()) == "ü\n"
    assert source_text(b"\xfc") == "ü"


def test_neither_other_files_nor_too_large_ones_are_read(tmp_path):
    script(tmp_path, "model.fit(x, y)\n", "work.txt")
    script(tmp_path, "model.fit(x, y)\n" + "#" * MAX_BYTES[".py"], "work.py")
    there = [Where(file="work.txt", line=1), Where(file="work.py", line=1)]
    assert places(told(*there, kind="scripts"), tmp_path) == there


def test_notes_have_an_end(tmp_path):
    assert len(places(told(*[None] * 100), tmp_path)) == MOST


@given(st.text(alphabet="fit.()[]{}\\'\"#:=\n\t% de0", max_size=60), st.integers(0, 20))
def test_any_text_can_be_looked_at(tmp_path_factory, text, line):
    folder = tmp_path_factory.mktemp("any")
    (folder / "work.py").write_text(text, encoding="utf-8")
    (folder / "work.ipynb").write_text(text, encoding="utf-8")
    for where in (Where(file="work.py", line=line), Where(file="work.ipynb", cell=1, line=line)):
        assert places(told(where), folder) in ([], [where])


def test_the_note_is_made_when_a_hand_in_is_recorded(tmp_path):
    """It comes first and is for a person, and the training stays what it is."""
    script(tmp_path, "exec(hidden)\n")
    claimed = told(Where(file="work.py", line=1), kind="scripts")

    class Box:
        def run(self, *_):
            return SandboxRun(Frames(claimed.model_dump_json().encode(), {}), Ended.FINISHED)

    assignment = SimpleNamespace(contract=CONTRACT, dataset="mnist")
    made = record(Box(), tmp_path, assignment, tmp_path).recording
    assert [finding.code for finding in made.findings] == ["fit-without-source"]
    assert made.fits == claimed.fits
    assert "fit-without-source" in INTEGRITY
