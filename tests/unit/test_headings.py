"""Headings that name a task, in every style that students use, and lines that only look like one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.answers_sample import IDS, from_markdown, from_pdf

from harness.headings import read_mark

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


@given(st.text(max_size=200), st.booleans())
def test_any_line_is_read(line, markdown):
    mark = read_mark(line, markdown=markdown)
    assert mark is None or (mark.body and all(len(ref) == 2 for ref in mark.refs))
