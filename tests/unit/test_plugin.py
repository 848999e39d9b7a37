"""Checks as pytest tests: ids, versions, order, dependencies, and whose fault it is when one breaks."""

import textwrap

import pytest
import tiny
from evidence import evidence

from harness.plugin import ChecksFailed, run_checks
from harness.results import Cause, Outcome, SubmissionFacts

HEAD = """
import pytest
from harness.checking import Failed, ForAPerson, NotAttempted, NotMeasured, Partial
from harness.results import Cause
"""


def written(text):
    return HEAD + textwrap.dedent(text)


def results(tmp_path, checks=tiny.CHECKS, toml=tiny.TOML, name="group-7", **files):
    small = tiny.assignment(tmp_path, checks, toml, **files)
    proof = evidence(small, submission=SubmissionFacts(name=name, sha256=""))
    return {result.id: result for result in run_checks(small, proof)}


def fault(tmp_path, checks, **files) -> str:
    with pytest.raises(ChecksFailed) as error:
        results(tmp_path, checks, **files)
    return str(error.value)


def test_results_in_the_order_of_the_tasks(tmp_path):
    made = results(tmp_path)
    assert list(made) == ["A.name", "A.number", "B.data"]
    assert [one.task for one in made.values()] == ["A", "A", "B"]
    assert made["A.name"].title == "The hand-in has a name."
    assert {one.outcome for one in made.values()} == {Outcome.PASSED}
    assert made["A.name"].message == "It has one."
    assert made["A.name"].measurements[0].value == 7
    assert made["B.data"].message == "mnist for tiny"


def test_versions_change_with_the_source_of_the_check_alone(tmp_path):
    before = results(tmp_path)
    after = results(tmp_path, tiny.CHECKS.replace('"It has one."', '"Indeed."'))
    assert after["A.name"].version != before["A.name"].version
    assert after["A.number"].version == before["A.number"].version


def test_points_are_those_of_the_toml_in_the_proportions_of_the_markers(tmp_path):
    assert [one.max_points for one in results(tmp_path).values()] == [0.75, 0.25, 2]
    changed = tiny.TOML.replace("machine = 1.0", "machine = 0.4").replace("machine = 2.0", "machine = 0.0")
    made = results(tmp_path, toml=changed)
    assert [one.max_points for one in made.values()] == pytest.approx([0.3, 0.1, 0])
    assert [one.points for one in made.values()] == pytest.approx([0.3, 0.1, 0])


def test_several_files_of_checks(tmp_path):
    more = written("""
        @pytest.mark.check("B", 2)
        def check_more():
            '''More.'''
        """)
    made = results(tmp_path, check_b=more)
    assert [one.max_points for one in made.values()] == pytest.approx([0.75, 0.25, 1, 1])


def test_a_passed_check_has_all_of_its_points(tmp_path):
    made = results(tmp_path, toml=tiny.TOML.replace("machine = 1.0", "machine = 0.111"))
    assert [one.points for one in made.values()] == [one.max_points for one in made.values()]


# --- dependencies


def test_a_dependent_check_is_skipped_with_the_reason(tmp_path):
    made = results(tmp_path, name="nobody")
    assert (made["A.name"].outcome, made["A.name"].message) == (Outcome.FAILED, "It is called nobody.")
    skipped = made["A.number"]
    assert (skipped.outcome, skipped.cause, skipped.points) == (Outcome.NOT_MEASURED, None, 0)
    assert skipped.message == "Not looked at, because an earlier check did not pass: The hand-in has a name."


@pytest.mark.parametrize(
    ("ending", "outcome", "cause", "points"),
    [
        ("NotAttempted('nothing')", Outcome.NOT_ATTEMPTED, None, 0),
        ("NotMeasured('?', cause=Cause.TIMEOUT)", Outcome.NOT_MEASURED, Cause.TIMEOUT, 0),
        ("KeyError('x')", Outcome.NOT_MEASURED, Cause.HARNESS_FAULT, None),
        ("ForAPerson('?')", Outcome.MANUAL, None, None),
        ("Partial('half', share=0.5)", Outcome.PASSED, None, 0.5),
    ],
)
def test_what_a_prerequisite_hands_on(tmp_path, ending, outcome, cause, points):
    made = results(tmp_path, written(f"""
        @pytest.mark.check("A", 1)
        def check_first():
            raise {ending}

        @pytest.mark.check("A", 1, after=["A.first"])
        def check_second():
            pass
        """))  # fmt: skip
    assert (made["A.second"].outcome, made["A.second"].cause, made["A.second"].points) == (outcome, cause, points)


def test_chains_of_dependencies_wherever_they_stand(tmp_path):
    made = results(tmp_path, written("""
        @pytest.mark.check("A", 1, after=["A.second"])
        def check_third():
            pass

        @pytest.mark.check("A", 1, after=["A.first"])
        def check_second():
            pass

        @pytest.mark.check("A", 1)
        def check_first():
            raise Failed("no")
        """))  # fmt: skip
    assert [(name, one.outcome) for name, one in made.items()] == [
        ("A.first", Outcome.FAILED), ("A.second", Outcome.NOT_MEASURED), ("A.third", Outcome.NOT_MEASURED),
    ]  # fmt: skip


def test_a_check_may_wait_for_one_of_a_later_task(tmp_path):
    made = results(tmp_path, written("""
        @pytest.mark.check("A", 1, after=["B.first"])
        def check_second():
            pass

        @pytest.mark.check("B", 1)
        def check_first():
            raise Failed("no")
        """))  # fmt: skip
    assert made["A.second"].outcome is Outcome.NOT_MEASURED


# --- faults


@pytest.mark.parametrize(
    "error", ["1 / 0", "assert 1 == 2", "raise SystemExit(2)", "pytest.fail('x')", "pytest.skip('x')"]
)
def test_what_breaks_in_a_check_is_our_fault_and_has_no_value(tmp_path, error):
    made = results(tmp_path, written(f"""
        @pytest.mark.check("A", 1)
        def check_it():
            {error}

        @pytest.mark.check("A", 1)
        def check_other():
            pass
        """))  # fmt: skip
    assert (made["A.it"].outcome, made["A.it"].cause) == (Outcome.NOT_MEASURED, Cause.HARNESS_FAULT)
    assert made["A.it"].points is None
    assert "not your fault" in made["A.it"].message
    assert made["A.other"].outcome is Outcome.PASSED


def test_what_breaks_in_a_fixture_is_our_fault_too_and_an_ending_is_an_ending(tmp_path):
    made = results(tmp_path, written("""
        @pytest.fixture
        def broken():
            return 1 / 0

        @pytest.fixture
        def missing():
            raise NotAttempted("Nothing was found.")

        @pytest.mark.check("A", 1)
        def check_broken(broken):
            pass

        @pytest.mark.check("A", 1)
        def check_missing(missing):
            pass

        @pytest.mark.check("A", 1)
        def check_unknown(no_such_fixture):
            pass
        """))  # fmt: skip
    assert made["A.broken"].cause is Cause.HARNESS_FAULT
    assert (made["A.missing"].outcome, made["A.missing"].message) == (Outcome.NOT_ATTEMPTED, "Nothing was found.")
    assert made["A.unknown"].cause is Cause.HARNESS_FAULT


def test_an_unmarked_check_is_an_error(tmp_path):
    assert "check_it is not marked @pytest.mark.check(task, points)" in fault(
        tmp_path, "def check_it():\n    pass\n"
    )


@pytest.mark.parametrize(
    ("marker", "said"),
    [
        ('"Z", 1', "the assignment has no task 'Z'"),
        ('"A"', "is not marked @pytest.mark.check(task, points)"),
        ('"A", 1, after=["A.nowhere"]', "it comes after 'A.nowhere', and there is no such check"),
        ('"A", 1, after=["A.it"]', "the checks wait for each other: A.it"),
    ],
)
def test_a_wrong_marker_is_an_error(tmp_path, marker, said):
    text = written(f"""
        @pytest.mark.check({marker})
        def check_it():
            pass
        """)
    assert said in fault(tmp_path, text)


def test_two_checks_of_one_id_are_an_error(tmp_path):
    text = '@pytest.mark.check("A", 1)\ndef check_it():\n    pass\n'
    assert "two checks have the id 'A.it'" in fault(tmp_path, HEAD + text, check_b=HEAD + text)


def test_a_check_file_that_cannot_be_imported_is_an_error(tmp_path):
    assert "nowhere" in fault(tmp_path, "import nowhere\n")


def test_no_checks_at_all_is_an_error(tmp_path):
    assert fault(tmp_path, "")


def test_running_checks_leaves_no_trace(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "before")
    import os

    results(tmp_path)
    assert os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] == "before"
    assert capsys.readouterr().out == ""
    assert not list(tmp_path.rglob(".pytest_cache"))
