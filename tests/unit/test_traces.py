"""What of a submission is compared with its class, from its evidence to the class page."""

import re

import pytest
import tiny
from evidence import cnn, evidence, mlp
from unit.recipe_sample import recipe
from unit.source_sample import made_up, sources

from harness.assignment import AssignmentError, load
from harness.comparing import compare
from harness.outputs import evidence_files, judge, write_class, write_files, write_result
from harness.purge import purge
from harness.regrade import regrade
from harness.results import SubmissionFacts
from harness.traces import handed_out, trace

A7 = load("dat405_a7")


def handed_in(name, assignment, *networks, code=()):
    """The evidence on a hand-in of this source, with the recipes of its networks."""
    made = evidence(assignment, *networks, submission=SubmissionFacts(name=name, sha256=name))
    recording = made.recording.model_copy(update={"sources": tuple(sources(*code))})
    return made.model_copy(update={"recording": recording})


def trained(network, **changes):
    """The network with its recipe; `changes` are fields of its evidence."""
    own = recipe(epochs=network.record.epochs, batch_size=network.record.batch_size)
    evidence = network.evidence.model_copy(update={"recipe": own, **changes})
    return type(network)(network.record, evidence)


def recipes(*networks):
    return trace(handed_in("a", A7, *networks), frozenset()).recipes


def test_the_assignments_own_training_is_nothing_in_common() -> None:
    assert recipes(trained(mlp(), identical=True)) == {}
    assert recipes(mlp()) == {}  # nothing was trained
    assert set(recipes(trained(mlp()))) >= {"2C"}


def test_what_was_handed_in_decides_and_not_how_it_was_scaled() -> None:
    """On digits all are trained for the same epochs; who asked for others did not ask for the same."""
    of = recipe(epochs=60)
    one, same, other = (recipes(trained(mlp(epochs=epochs), recipe=of))["2C"] for epochs in (10, 10, 12))
    assert one == same != other


def test_the_seed_does_not_count() -> None:
    one, other = (recipes(trained(cnn(), recipe=recipe(seed=seed)))["3A"] for seed in (0, 1))
    assert one == other


def test_a_file_that_was_handed_out_is_named_by_the_assignment(tmp_path) -> None:
    made = tiny.assignment(tmp_path)
    toml = made.folder / "assignment.toml"
    toml.write_text('handed_out = ["given.py"]\n' + toml.read_text(encoding="utf-8"), encoding="utf-8")
    with pytest.raises(AssignmentError, match=r"handed_out names given\.py, which is not there"):
        load(str(made.folder))
    (made.folder / "given.py").write_text(made_up(1), encoding="utf-8")
    known = handed_out(load(str(made.folder)))
    given, own = (trace(handed_in("a", made, code=[made_up(seed)]), known) for seed in (1, 2))
    assert given.handed_out and not len(given.source.hashes)
    assert len(own.source.hashes) > 30
    assert handed_out(tiny.assignment(tmp_path)) == frozenset()


def test_a_damaged_notebook_is_the_assignments_fault(tmp_path) -> None:
    made = tiny.assignment(tmp_path)
    toml = made.folder / "assignment.toml"
    toml.write_text('handed_out = ["given.ipynb"]\n' + toml.read_text(encoding="utf-8"), encoding="utf-8")
    (made.folder / "given.ipynb").write_text("no json", encoding="utf-8")
    with pytest.raises(AssignmentError, match=r"given\.ipynb: a file that the class was given cannot be read"):
        handed_out(load(str(made.folder)))


def test_copies_are_listed_on_the_class_page_after_grading_judging_again_and_purging(tmp_path) -> None:
    made, out = tiny.assignment(tmp_path), tmp_path / "out"
    names = ("group1", "group2", "group3")
    found = [handed_in(name, made, code=["import x", made_up(number // 2)]) for number, name in enumerate(names)]
    results = []
    for one in found:
        folder = out / one.submission.name
        write_files(evidence_files(one), folder)
        results.append(write_result(judge(made, one), folder))
    write_class(results, [], out, [trace(one, frozenset()) for one in found])
    listed = re.compile(r'group1</a><br><a href="group2/scorecard\.html">group2</a></th>.*?100%<br>100%', re.DOTALL)
    page = (out / "index.html").read_text(encoding="utf-8")
    assert len(listed.findall(page)) == 1
    assert "a.ipynb, cell 2, lines" in page or "cell 1, line 1 to cell 2" in page
    regrade(out, str(made.folder))
    assert len(listed.findall((out / "index.html").read_text(encoding="utf-8"))) == 1
    purge("group3", out, None)
    assert len(listed.findall((out / "index.html").read_text(encoding="utf-8"))) == 1
    purge("group2", out, None)
    assert "group2" not in (out / "index.html").read_text(encoding="utf-8")


def test_no_points_come_of_it(tmp_path) -> None:
    made = tiny.assignment(tmp_path)
    alone, copied = (handed_in(name, made, code=[made_up(0)]) for name in ("group1", "group2"))
    assert compare([trace(one, frozenset()) for one in (alone, copied)]).pairs
    assert judge(made, alone).points == judge(made, copied).points
    assert judge(made, copied).integrity == ()
