"""Points: the rules of DESIGN.md, what tasks come to, and the tree that is made of it all."""

import pytest
import tiny
from evidence import CNN_FACTS, cnn, evidence, fit, mlp, model_facts

from harness.assignment import TaskSpec, load
from harness.recording import CellError, Finding, Recording, Where
from harness.results import Cause, CheckResult, Outcome, task_outcome
from harness.scoring import build_result, model_cards, task_result

ASSIGNMENT = load("dat405_a7")
SPEC = TaskSpec(title="A task", machine=1.0, person=0.5, asks="the reasons")
EVIDENCE = evidence(ASSIGNMENT)
OURS, THEIRS = Cause.HARNESS_FAULT, Cause.TIMEOUT


def check(outcome, points=None, cause=None, most=0.5, task="2C", name="x") -> CheckResult:
    if points is None and outcome is not Outcome.MANUAL and cause is not OURS:
        points = {Outcome.PASSED: most, Outcome.PARTIAL: most / 2}.get(outcome, 0.0)
    return CheckResult(
        id=f"{task}.{name}", version="0" * 12, title="It is so.", task=task, outcome=outcome, cause=cause,
        points=points, max_points=most,
    )  # fmt: skip


P, F, N, U, M, H = (
    check(Outcome.PASSED), check(Outcome.FAILED), check(Outcome.NOT_ATTEMPTED),
    check(Outcome.NOT_MEASURED, cause=THEIRS), check(Outcome.MANUAL), check(Outcome.NOT_MEASURED, cause=OURS),
)  # fmt: skip
HALF = check(Outcome.PARTIAL)


@pytest.mark.parametrize(
    ("checks", "outcome", "cause"),
    [
        ([], Outcome.MANUAL, None),
        ([P, P], Outcome.PASSED, None),
        ([F, F], Outcome.FAILED, None),
        ([N, N], Outcome.NOT_ATTEMPTED, None),
        ([U, U], Outcome.NOT_MEASURED, THEIRS),
        ([M], Outcome.MANUAL, None),
        ([HALF, HALF], Outcome.PARTIAL, None),
        ([P, F], Outcome.PARTIAL, None),
        ([P, HALF], Outcome.PARTIAL, None),
        ([P, N], Outcome.PARTIAL, None),
        ([P, U], Outcome.PARTIAL, THEIRS),
        ([P, M], Outcome.MANUAL, None),
        ([F, M], Outcome.FAILED, None),
        ([F, N], Outcome.FAILED, None),
        ([F, U], Outcome.FAILED, None),
        ([N, U], Outcome.NOT_MEASURED, THEIRS),
        ([P, H], Outcome.NOT_MEASURED, OURS),
        ([F, H, U], Outcome.NOT_MEASURED, OURS),
    ],
)
def test_what_a_tasks_checks_come_to(checks, outcome, cause):
    assert task_outcome(checks) == task_outcome(checks[::-1]) == (outcome, cause)


def result(*checks, spec=SPEC):
    return task_result("2C", spec, checks, EVIDENCE)


@pytest.mark.parametrize(
    ("checks", "machine"),
    [
        ([P, P], 1.0), ([P, HALF], 0.75), ([P, F], 0.5), ([P, N], 0.5), ([P, U], 0.5), ([F, N, U], 0.0),
        ([P, H], None), ([P, M], None), ([], None),
    ],
)  # fmt: skip
def test_machine_points(checks, machine):
    """Theirs earns nothing, ours has no value, and neither has what a person decides."""
    assert result(*checks).machine_points == machine


def test_thirds_of_a_point_make_a_whole():
    third = check(Outcome.PASSED, round(1 / 3, 9), most=round(1 / 3, 9))
    assert result(third, third, third).machine_points == result(third, third, third).machine_max_points == 1


def test_a_task_with_a_persons_share_has_no_points_yet():
    task = result(P, P)
    assert (task.points, task.max_points, task.machine_max_points) == (None, 1.5, 1.0)
    assert (task.manual.max_points, task.manual.points, task.manual.asks) == (0.5, None, "the reasons")
    assert task.points_so_far == 1.0


def test_a_task_without_one_has():
    task = result(P, HALF, spec=TaskSpec(title="t", machine=1, person=0))
    assert (task.points, task.manual) == (0.75, None)
    assert result(P, H, spec=TaskSpec(title="t", machine=1, person=0)).points is None


def test_what_no_check_measures_is_a_persons():
    task = result()
    assert (task.outcome, task.manual.max_points, task.max_points) == (Outcome.MANUAL, 1.5, 1.5)
    assert result(P).manual.max_points == 1.0


def tree(checks=(), findings=(), proof=EVIDENCE):
    return build_result(ASSIGNMENT, proof, checks, findings)


def test_all_eleven_tasks_are_listed():
    result = tree()
    assert " ".join(task.id for task in result.tasks) == "1 2A 2B 2C 2D 3A 3B 4A 4B 4C 4D"
    assert {task.outcome for task in result.tasks} == {Outcome.MANUAL}
    assert (result.max_points, result.points, result.complete) == (10, None, False)


def test_our_fault_leaves_the_total_incomplete():
    ours = check(Outcome.NOT_MEASURED, cause=OURS, most=1.0)
    result = tree([ours])
    assert (result.machine_points, result.complete, result.exit_code) == (None, False, 3)


@pytest.mark.parametrize(
    ("checks", "code"), [([P], 0), ([P, M], 0), ([P, HALF], 1), ([F], 1), ([N], 1), ([U], 1), ([H, F], 3)]
)
def test_exit_codes(checks, code):
    assert tree(checks).exit_code == code


def test_findings_and_integrity_notes_are_kept_apart():
    finding = Finding(code="too-few-epochs", message="2 epochs.", task="2C")
    note = Finding(code="shadows-library", message="keras.py", where=Where(file="keras.py"))
    result = tree(findings=[finding, note])
    assert result.findings == (finding,)
    assert [(one.code, one.where.file) for one in result.integrity] == [("shadows-library", "keras.py")]
    assert result.machine_points is None


def test_errors_of_the_hand_in_are_listed_up_to_fifty():
    error = CellError(where=Where(file="a.py"), type="NameError", message="x", source="x")
    proof = evidence(ASSIGNMENT, recording=Recording(kind="notebook", complete=True, errors=(error,) * 60))
    assert len(tree(proof=proof).errors) == 50


def test_the_tree_says_why_there_is_no_recording():
    proof = evidence(ASSIGNMENT, problem="The code is missing.", isolated=False, isolation="not isolated")
    result = tree(proof=proof)
    assert (result.problem, result.isolated, result.isolation) == ("The code is missing.", False, "not isolated")


def test_cards_of_networks():
    record = fit(id="fit-2", epochs=8)
    cards = model_cards(
        ASSIGNMENT, evidence(ASSIGNMENT, mlp(), cnn(facts=model_facts(CNN_FACTS)), mlp(id=record.id))
    )
    assert [(card.task, card.fit, card.params) for card in cards] == [
        ("2C", "fit-2", 55_050),
        ("3A", "fit-cnn", 23_466),
    ]
    assert (cards[0].loss, cards[0].optimizer) == ("CategoricalCrossentropy", "SGD(learning_rate=0.1)")
    assert (cards[0].epochs, cards[0].batch_size, cards[0].trained_epochs) == (10, 128, None)
    assert cards[0].curves[0].val_accuracy[-1] == 0.9716


def test_a_network_that_was_not_rebuilt_has_no_card():
    assert model_cards(ASSIGNMENT, evidence(ASSIGNMENT, mlp(facts=model_facts(())))) == ()


def test_matching_is_explained():
    result = tree(proof=evidence(ASSIGNMENT, mlp()))
    assert result.tasks[3].matched[0].startswith("The fit in assignment.ipynb, cell 4, line 3 answers this task")


def test_a_tiny_assignment_has_a_tree_too(tmp_path):
    small = tiny.assignment(tmp_path)
    result = build_result(small, evidence(small), [check(Outcome.PASSED, most=2.0, task="B")], ())
    assert [(task.id, task.points, task.max_points) for task in result.tasks] == [
        ("A", None, 1.5), ("B", 2.0, 2.0), ("C", None, 1.0),
    ]  # fmt: skip
    assert (result.points, result.max_points) == (2.0, 4.5)
