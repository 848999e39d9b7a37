"""What a folder of mutants lists, how it is laid out, and the mutants themselves."""

import difflib

import pytest

from harness import assets
from harness.assignment import load
from harness.mutants import MutantsError, chosen, code_of, default_folder, laid_out, read


def laid(folder, text, *names):
    folder.mkdir(exist_ok=True)
    (folder / "mutants.toml").write_text(text, encoding="utf-8")
    for name in names:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(CODE, encoding="utf-8")
    return folder


LISTED = """
[right.mlp]
tasks = ["2C"]
[wrong.slow]
of = "mlp"
task = "2C"
wrong = "It is slow."
expected = ["2C.accuracy"]
changes = [{old = "0.1", new = "0.0001"}, {old = "SGD(0.0001)", new = "SGD(0.0001) # slow"}]
"""
CODE = "import keras\nmodel.compile(SGD(0.1))\n"
SLOW = "import keras\nmodel.compile(SGD(0.0001) # slow)\n"


@pytest.mark.parametrize(("right", "wrong"), [("mlp.py", "slow.py"), ("mlp/submission.py", "slow/submission.py")])
def test_mutants_are_laid_out_as_what_they_are_made_of(tmp_path, right, wrong):
    folder, into = laid(tmp_path / "mutants", LISTED, right), tmp_path / "laid"
    into.mkdir()
    listed = read(folder)
    assert listed.names == ("mlp", "slow")
    assert laid_out(folder, listed, into) == [
        into / right.removesuffix("/submission.py"),
        into / wrong.removesuffix("/submission.py"),
    ]
    assert (into / right).read_text(encoding="utf-8") == CODE
    assert (into / wrong).read_text(encoding="utf-8") == SLOW


@pytest.mark.parametrize(
    ("text", "names", "said"),
    [
        (LISTED, (), "mlp"),
        (LISTED, ("mlp.py", "other.py"), "other"),
        (LISTED, ("mlp.py", "slow.py"), "slow"),
        (LISTED.replace('of = "mlp"', 'of = "cnn"'), ("mlp.py",), "cnn"),
        (LISTED.replace('task = "2C"', 'task = "3A"'), ("mlp.py",), "3A"),
        (LISTED.replace("wrong.slow", "wrong.mlp"), ("mlp.py",), "right and as wrong"),
        (LISTED.replace("expected", "expects"), ("mlp.py",), "expects"),
        (LISTED.replace('"0.1"', '"0.2"'), ("mlp.py",), "'0.2', which stands 0 times"),
        (LISTED.replace('"0.1"', '"e"'), ("mlp.py",), "'e', which stands 3 times"),
        ("not toml", (), "mutants.toml"),
    ],
)
def test_a_list_that_does_not_fit_is_refused(tmp_path, text, names, said):
    with pytest.raises(MutantsError, match=said):
        read(laid(tmp_path, text, *names))


def test_some_are_chosen_with_what_they_are_made_of():
    mutants = read(default_folder(load("dat405_a7")))
    few = chosen(mutants, ["no_bias", "salt_only"])
    assert few.names == ("mlp", "noise", "no_bias", "salt_only")
    assert chosen(mutants, ()) == mutants
    with pytest.raises(MutantsError, match="no_such"):
        chosen(mutants, ["no_such"])


# --- the mutants themselves

LISTINGS = {assignment.id: read(default_folder(assignment)) for assignment in map(load, ("dat405_a7", "nn_hw5"))}
EVERY = [(of, name) for of, listing in LISTINGS.items() for name in listing.wrong]
CHANGED_LINES = 6
"""One mistake, in lines that a right hand-in has and the wrong one has not."""


@pytest.mark.parametrize(("assignment", "least"), [("dat405_a7", 28), ("nn_hw5", 40)])
def test_there_are_mutants_of_every_task_that_a_machine_marks(assignment, least):
    wrong = LISTINGS[assignment].wrong
    tasks = {name for name, spec in load(assignment).tasks.items() if spec.machine > 0}
    assert {mutant.task for mutant in wrong.values()} == tasks
    assert len(wrong) >= least


@pytest.mark.parametrize(("assignment", "name"), EVERY)
def test_a_mutant_is_a_right_one_with_one_mistake(assignment, name):
    listing, folder = LISTINGS[assignment], default_folder(load(assignment))
    mutant = listing.wrong[name]
    right, wrong = (code_of(folder, listing, one).splitlines() for one in (mutant.of, name))
    assert wrong != right
    told = list(difflib.unified_diff(right, wrong, n=0))[2:]  # below the names of the two
    changed = [line for line in told if line.startswith("-") and line[1:].strip()]
    if mutant.task != "4D":  # there the way to draw is replaced as a whole
        assert len(changed) <= CHANGED_LINES


@pytest.mark.parametrize(("assignment", "name"), EVERY)
def test_the_expected_checks_exist(assignment, name):
    text = "".join(
        path.read_text(encoding="utf-8") for path in (assets.folder("reference") / assignment).glob("check_*.py")
    )
    mutant = LISTINGS[assignment].wrong[name]
    for expected in mutant.expected:
        of, _, slug = expected.partition(".")
        assert of in load(assignment).tasks
        assert f"def check_{slug.replace('-', '_')}(" in text, expected
    assert mutant.expected[0].startswith(f"{mutant.task}.")
