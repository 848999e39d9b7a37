"""Which text answers which task: how headings, letters, cells, pages and documents share it out."""

import time

import pytest
from evidence import evidence
from hypothesis import given
from hypothesis import strategies as st
from unit.answers_sample import ASSIGNMENT, IDS, TASKS, found, from_markdown, from_pdf, notebook, report

from harness.answers import MAX_ANSWER, MAX_ANSWERS, report_facts, written_answers
from harness.recording import Passage, Recording, ReportRecord, SourceRecord, Where
from harness.scoring import build_result

# --- structure


def test_letters_below_a_question():
    for style in ("a) {}", "({}", "**a)** {}", "### a)\n{}", "- a) {}", "a. {}", "A) {}", "### A\n{}"):
        parts = []
        for letter, said in zip("abc", ("four layers.", "the loss.", "trained."), strict=True):
            line = style.replace("a", letter).replace("A", letter.upper())
            parts.append(line.format(said) if style != "({}" else f"({letter}) {said}")
        got = from_markdown("## Question 2\n" + "\n\n".join(parts))
        assert got == {"2A": "four layers.", "2B": "the loss.", "2C": "trained."}, style


def test_letters_in_a_report():
    got = from_pdf("Question 2\na) four layers\nb) the loss\nQuestion 3\na) conv\nb) fewer weights")
    assert got.keys() == {"2A", "2B", "3A", "3B"}
    assert (got["2B"], got["3B"]) == ("the loss", "fewer weights")


def test_a_list_in_an_answer_is_not_the_next_task():
    got = from_markdown("## 2A\nThere are\n\na) the input\nb) the hidden layers\nc) the output\n\n## 2B\nLoss.")
    assert got.keys() == {"2A", "2B"}
    assert "c) the output" in got["2A"]


def test_a_sub_heading_by_a_key_word_does_not_leave_the_task():
    got = from_markdown("## Question 2D\nText.\n### Preprocessing\nSame as before.", "### Loss function\nThe same.")
    assert got.keys() == {"2D"}
    assert "Same as before." in got["2D"]


def test_text_between_code_cells_belongs_to_the_last_heading():
    assert from_markdown("## 2A", "Four layers.", "55050 parameters.", "## 2B", "Log.") == {
        "2A": "Four layers.\n\n55050 parameters.",
        "2B": "Log.",
    }


def test_a_question_and_its_answer_of_the_same_task_are_one():
    got = from_markdown("## Question 1: Preprocessing\n*Explain.*", "**Answer 1.** We divide.")
    assert got == {"1": "*Explain.*\n\nWe divide."}


def test_text_of_a_whole_question_answers_its_tasks_without_a_heading():
    got = from_markdown("## Question 3\nOur network.", "### 3B\nFewer weights.")
    assert got == {"3A": "Our network.", "3B": "Fewer weights."}
    assert from_markdown("## 3. Convolutional layers\n\nNot done.") == {"3A": "Not done.", "3B": "Not done."}


@pytest.mark.parametrize("heading", ["## 4B, 4C, 4D", "## 4B, C, D", "4B-4D", "Question 4B, 4C and 4D", "4B/4C/4D"])
def test_several_tasks_in_one_heading(heading):
    assert from_markdown(heading + "\nNo time.") == dict.fromkeys(("4B", "4C", "4D"), "No time.")


def test_several_tasks_in_one_heading_and_letters_below():
    got = from_markdown("### Question 2 A, B", "**A** Three layers.\n\n**B** The loss.")
    assert got == {"2A": "Three layers.", "2B": "The loss."}


def test_the_end_of_the_answers():
    got = from_markdown("## 4D\nDecoded.\n## References\n[1] Hinton.")
    assert got == {"4D": "Decoded."}


def test_other_headings_stay_in_the_answer():
    assert from_markdown("## 2C\nTrained.\n### Results\n0.97")["2C"] == "Trained.\n### Results\n0.97"


def test_a_table_of_contents_gives_nothing():
    contents = "Contents\n1 Preprocessing . . . . . . . 1\n2A Layers ............. 2\n"
    assert from_pdf(contents, "1 Preprocessing\nWe divide.") == {"1": "We divide."}


def test_a_line_one_without_tasks_of_a_letter():
    assert from_markdown("## 1a\nWe divide.") == {"1": "We divide."}
    assert written_answers(notebook("## 3C\nWhat?"), TASKS).answers == ()


def test_key_words_of_an_assignment_without_letters():
    tasks = {"1": ("denoising autoencoders",), "2": ("the network",), "5": ("classifier on the codes",)}
    got = found(
        notebook("# Report", "## What are denoising autoencoders?\nA.", "## The network\nB.", "## 5\nC."), tasks
    )
    assert got == {"1": "A.", "2": "B.", "5": "C."}


def test_a_heading_with_key_words_of_two_tasks_names_none():
    tasks = {"1": ("loss",), "2": ("cost",)}
    assert found(notebook("## Loss cost\nText."), tasks) == {}


# --- templates, documents, limits


def test_a_template_left_as_it_was_is_not_answered():
    prompts = "**2A** How many layers?\n\n**2B** Which loss?"
    written = written_answers(notebook(prompts, "*Your answers here.*"), TASKS)
    assert (written.answers, list(written.missing)) == ((), IDS)


@pytest.mark.parametrize(
    "left", ["*Your answer here.*", "Your answer here", "(write your answer here)", "**Skriv ditt svar här**"]
)
def test_placeholders(left):
    assert from_markdown("## 2A\nHow many layers?\n\n" + left) == {}
    assert from_markdown("## 2A\nHow many layers?\n\nFour.\n\n" + left)["2A"].endswith("Four.")
    assert from_markdown("## 2A\nHow many?", "Four.", "## 2B\nWhich loss?", left).keys() == {"2A"}


def test_where_an_answer_stands():
    recording = Recording(
        answers=(
            Passage(where=Where(file="a.ipynb", cell=3), text="## 1"),
            Passage(where=Where(file="a.ipynb", cell=4), text="We divide."),
            Passage(where=Where(file="answers.md", line=1), text="# Answers\n\n## 2A\n\nFour."),
        ),
        reports=(report("Group 1", "2B\nThe loss."),),
    )
    written = written_answers(recording, TASKS)
    assert [(answer.task, str(answer.where)) for answer in written.answers] == [
        ("1", "a.ipynb, cell 4"),
        ("2A", "answers.md, line 5"),
        ("2B", "report.pdf, page 2"),
    ]
    assert list(written.missing) == IDS[3:]


def test_each_document_is_shown_and_the_same_text_once():
    recording = notebook("## 1\nWe divide.").model_copy(
        update={"reports": (report("1. Preprocessing\nWe  divide."), report("Task 1\nIn float32.", file="b.pdf"))}
    )
    assert [answer.text for answer in written_answers(recording, TASKS).answers] == ["We divide.", "In float32."]


def test_answers_are_cut_and_counted():
    many = tuple(report(f"2A\nVersion {n}.", file=f"{n}.pdf") for n in range(MAX_ANSWERS + 3))
    assert len(written_answers(Recording(reports=many), TASKS).answers) == MAX_ANSWERS
    long = notebook("## 2A", *["x" * 15_000] * 3)
    assert len(found(long)["2A"]) == MAX_ANSWER


def test_hostile_text_takes_little_time():
    started = time.process_time()
    for line in (
        "2A\n" * 6_000,
        "* " * 9_000,
        "*" + " " * 19_000 + "z",
        "question " * 2_000,
        "2a, " * 4_000,
        "#" * 19_000,
    ):
        for make in (from_markdown, from_pdf):
            make(*[line[:20_000]] * 10)
    assert time.process_time() - started < 30


_pieces = st.sampled_from(
    [
        "## ",
        "**",
        "Question ",
        "2",
        "A",
        "a)",
        ". ",
        "(",
        ")",
        "4B",
        ", ",
        "and ",
        "Text here.",
        "\n",
        "1",
        "Your answer here",
        "```",
        "---",
    ]
)


@given(st.lists(st.lists(_pieces, max_size=12).map("".join), max_size=5))
def test_any_document_gives_known_tasks_and_text_of_its_own(texts):
    recording = notebook(*texts).model_copy(update={"reports": (report(*texts),)})
    written = written_answers(recording, TASKS)
    assert {answer.task for answer in written.answers} | set(written.missing) == set(IDS)
    assert {answer.task for answer in written.answers}.isdisjoint(written.missing)
    assert all(answer.text.strip() for answer in written.answers)


# --- reports


def test_facts_of_a_report_for_the_person_who_marks():
    facts = report_facts(
        report("Assignment 7\n\n Group 12: Ada, Alan ", "1. Preprocessing\nWe divide.", author="ada")
    )
    assert (facts.file, facts.pages, facts.pages_with_text) == ("report.pdf", 2, 2)
    assert (facts.title, facts.group, facts.author) == ("Assignment 7", "Group 12: Ada, Alan", "ada")
    assert facts.front_page == "Assignment 7\nGroup 12: Ada, Alan"


def test_a_report_without_a_front_page_has_no_group():
    facts = report_facts(ReportRecord(file="r.pdf", problem="It is damaged."))
    assert (facts.title, facts.group, facts.front_page, facts.problem) == ("", "", "", "It is damaged.")


# --- the result


def result(**recording):
    whole = evidence(ASSIGNMENT, recording=Recording(**{"kind": "notebook", "complete": True, **recording}))
    return build_result(ASSIGNMENT, whole, (), ())


def test_the_result_holds_answers_facts_and_what_is_missing():
    made = result(
        answers=notebook("## 2A\nFour layers with the input.").answers, reports=(report("2A\n55 050 in all."),)
    )
    first, second = made.answers
    assert (first.task, second.task) == ("2A", "2A")
    assert [right for _, right in first.facts] == [True, True]  # the report's number counts for the task
    assert second.facts == ()
    assert made.unanswered == ("1", "2B", "2D", "3A", "3B", "4A", "4B", "4C", "4D")  # 2C has no person's share
    assert [one.file for one in made.reports] == ["report.pdf"]


def test_nothing_is_missing_where_nothing_was_read():
    assert result().unanswered == ()
    assert len(result(sources=(SourceRecord(where=Where(file="a.py"), text="x = 1"),)).unanswered) == 10
