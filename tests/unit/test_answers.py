"""Which text answers which task: every style of heading that students use, and text that only looks like one."""

import time

import pytest
from evidence import evidence
from hypothesis import given
from hypothesis import strategies as st

from harness.answers import MAX_ANSWER, MAX_ANSWERS, report_facts, written_answers
from harness.assignment import load
from harness.headings import read_mark
from harness.recording import Passage, Recording, ReportRecord, SourceRecord, Where
from harness.scoring import build_result

ASSIGNMENT = load("dat405_a7")
TASKS = {name: spec.headings for name, spec in ASSIGNMENT.tasks.items()}
IDS = list(TASKS)


def notebook(*texts):
    """Markdown cells of a notebook, a code cell after each."""
    return Recording(
        kind="notebook",
        answers=tuple(
            Passage(where=Where(file="a.ipynb", cell=n or None), text=text) for n, text in enumerate(texts)
        ),
    )


def report(*pages, file="report.pdf", **more):
    passages = tuple(Passage(where=Where(file=file, page=n), text=text) for n, text in enumerate(pages, 1))
    return ReportRecord(file=file, pages=len(pages), passages=passages, **more)


def found(recording, tasks=TASKS):
    """Task → text, of the first answer of each."""
    answers = written_answers(recording, tasks).answers
    return {answer.task: answer.text for answer in reversed(answers)}


def from_markdown(*texts):
    return found(notebook(*texts))


def from_pdf(*pages):
    return found(Recording(reports=(report(*pages),)))


# --- styles of heading

STYLES = [
    ("## Task 1", "1"),
    ("Task 1", "1"),
    ("Task 1: Preprocessing", "1"),
    ("### Question 2 a)", "2A"),
    ("Question 2 a)", "2A"),
    ("## 2A", "2A"),
    ("2A", "2A"),
    ("2.a", "2A"),
    ("2.a)", "2A"),
    ("2 b)", "2B"),
    ("2-C", "2C"),
    ("(2b)", "2B"),
    ("2(b)", "2B"),
    ("2b) Loss", "2B"),
    ("Uppgift 1", "1"),
    ("Uppgift 3b", "3B"),
    ("Fråga 2a)", "2A"),
    ("Svar på fråga 2A:", "2A"),
    ("1. Preprocessing", "1"),
    ("1 Preprocessing", "1"),
    ("## 1. Preprocessing", "1"),
    ("## 1 Preprocessing (1 point)", "1"),
    ("## Question 2.A", "2A"),
    ("Exercise 4D", "4D"),
    ("Q2a", "2A"),
    ("Answer to question 3A", "3A"),
    ("Part 4B – Noise", "4B"),
]
MARKDOWN_STYLES = [
    ("**2A**", "2A"),
    ("**Task 2A.**", "2A"),
    ("**Question 2A: The network**", "2A"),
    ("__Question 2A__", "2A"),
    ("- **2A**", "2A"),
    ("> ### 2A", "2A"),
    ("#### *2a)*", "2A"),
    ("##2A", "2A"),
    ("2A\n===", "2A"),
    ("Question 2A\n-----", "2A"),
    ("<h3>Question 2A</h3>", "2A"),
    ("<b>2A</b>", "2A"),
    ("2A\\. Network", "2A"),
    ("## Loss function", "2B"),
    ("**Weight decay**", "2D"),
    ("## The denoising autoencoder", "4A"),
]
PDF_STYLES = [
    ("2.1 Question 2A", "2A"),
    ("1 Task 2A", "2A"),
    ("2.2 2b) Loss", "2B"),
    ("Preprocessing", "1"),
    ("2.2 Loss function", "2B"),
]


@pytest.mark.parametrize(("heading", "task"), STYLES + MARKDOWN_STYLES)
def test_headings_in_markdown(heading, task):
    assert from_markdown(heading + "\n\nThis is our text.") == {task: "This is our text."}


@pytest.mark.parametrize(("heading", "task"), [each for each in STYLES if "#" not in each[0]] + PDF_STYLES)
def test_headings_in_a_report(heading, task):
    assert from_pdf("Assignment 7\nGroup 12", heading + "\nThis is our text.") == {task: "This is our text."}


@pytest.mark.parametrize(
    ("line", "task", "text"),
    [
        ("**2A** We have four layers.", "2A", "We have four layers."),
        ("**Answer 2A.** We have four layers.", "2A", "We have four layers."),
        ("2a) We have four layers.", "2A", "We have four layers."),
        ("Question 2A: We have four layers.", "2A", "We have four layers."),
        ("2A: 55050 parameters", "2A", "55050 parameters"),
        ("**2A:** four layers", "2A", "four layers"),
    ],
)
def test_an_answer_on_the_heading_s_own_line_is_kept(line, task, text):
    assert from_markdown(line) == {task: text}


@pytest.mark.parametrize(
    "line",
    [
        "2D convolution slides a filter over the image",
        "**2D convolution:** slides a filter",
        "2D Convolution layers are used",
        "- 2D max pooling",
        "2. Reshape the images",
        "2. are reshaped",
        "a) the input",
        "3 layers",
        "**4 layers** of neurons",
        "2.5 million",
        "97 % of them",
        "4. Autumn",
        "Question 2 was hard for us, because of the formula.",
        "### 2. Rescale",
        "**2. Reshape.** To (n, 28, 28, 1).",
        "## Assignment 3: Neural networks",
        "2A and 2B ............ 3",
        "see 2",
        "1000 images",
        "# 5B",
        "12A",
        "### b) labels",
        "```\n# 2A\n```",
    ],
)
def test_text_that_is_no_heading_stays_in_its_answer(line):
    assert from_markdown("## Question 1\n\nWe do this:\n" + line + "\nand that.").keys() == {"1"}


def test_a_reference_at_the_start_of_a_line_is_no_heading():
    text = "2A\nOur network.\n2B\nThe loss is used with the network of question\n2A. It suits.\n2C\nTrained."
    assert from_pdf(text)["2B"] == "The loss is used with the network of question\n2A. It suits."


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


@given(st.text(max_size=200), st.booleans())
def test_any_line_is_read(line, markdown):
    mark = read_mark(line, markdown=markdown)
    assert mark is None or (mark.body and all(len(ref) == 2 for ref in mark.refs))


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


@given(
    st.lists(st.sampled_from(IDS), min_size=1, max_size=8, unique=True),
    st.sampled_from(["## {}", "**{}**", "### Question {}", "Task {}:", "**Answer {}.**", "# Uppgift {}", "({})"]),
    st.data(),
)
def test_every_task_gets_the_text_below_its_heading(tasks, style, data):
    tasks = sorted(tasks)
    texts = {task: f"Text {number} of ours." for number, task in enumerate(tasks)}
    if style == "({})":
        tasks = [task for task in tasks if len(task) == 2]  # "(1)" alone is an item of a list
    written = [
        f"{style.format(data.draw(st.sampled_from([task, task.lower()])))}\n\n{texts[task]}" for task in tasks
    ]
    assert from_markdown("# Assignment 7", *written) == {task: texts[task] for task in tasks}


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
