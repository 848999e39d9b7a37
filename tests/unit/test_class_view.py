"""What the class page shows: counted right, linked, bounded, and drawn."""

import re
from html.parser import HTMLParser
from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest
from unit.class_sample import a_class, likeness
from unit.sample_hostile import HOSTILE, hostile
from unit.sample_parts import DIGITS, check, task, where
from unit.sample_random import CNN_GATE, MLP_GATE, held
from unit.sample_results import broken, complete, typical

from harness.class_figures import MOST_BARS, SIZES, bars, points_figure, strip_figure
from harness.class_looks import ALIKE, MAX_LISTED, MAX_NAMES, TWIN
from harness.class_strips import fences, quartiles
from harness.class_view import ClassRow, ClassView, view
from harness.comparing import Likeness, Twins
from harness.likeness import Pair, Passage
from harness.recording import Finding
from harness.report import render_class
from harness.results import IntegrityNote, ManualPart, Outcome, Result

NS = "{http://www.w3.org/2000/svg}"


def rows_of(*results: Result) -> list[ClassRow]:
    return [ClassRow(result, f"{result.submission.name}/scorecard.html") for result in results]


def shown(*results: Result, **more) -> ClassView:
    return view(rows_of(*results), **more)


class Text(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.parts: list[str] = []
        self.feed("<main" + html.partition("<main")[2].partition("</main>")[0])

    def handle_data(self, data: str) -> None:
        self.parts.append(data)

    def __str__(self) -> str:
        return " ".join(" ".join(self.parts).split())


def text_of(*results: Result, **more) -> str:
    return str(Text(render_class(rows_of(*results), **more)))


def only(name: str, *checks) -> Result:
    """A hand-in of task 2C alone."""
    whole = [one for one in checks if one.points is not None]
    points = sum(one.points for one in whole) if len(whole) == len(checks) else None
    one = task("2C", checks[0].outcome, points, 1, *checks)
    return typical(name, tasks=(one,), models=(), findings=(), integrity=())


def run(name: str, accuracy: float, gate=MLP_GATE) -> Result:
    return only(name, held((accuracy,) * 3, gate, 1.0, where(7, 12)))


def finding(code: str, message: str = "It is so.", **more) -> Finding:
    return Finding(code=code, message=message, **more)


# --- tasks and checks


def test_failure_rates_are_of_what_was_measured() -> None:
    outcomes = [Outcome.PASSED, Outcome.PARTIAL, Outcome.FAILED, Outcome.NOT_ATTEMPTED, Outcome.NOT_MEASURED]
    results = [only(f"g{number}", check("2C", outcome, 0, 1)) for number, outcome in enumerate(outcomes)]
    (tally,) = shown(*results).tallies
    assert (tally.measured, tally.failed, tally.hand_ins, tally.passed) == (3, 1, 5, 1)
    assert tally.rate == pytest.approx(1 / 3)
    assert [(outcome, count) for outcome, count, _, _ in tally.parts] == [
        (outcome, 1) for outcome in Outcome if outcome in outcomes
    ]


def test_checks_are_counted_each() -> None:
    good, bad = (check("2C", outcome, 0, 1, id="a") for outcome in (Outcome.PASSED, Outcome.FAILED))
    other = check("2C", Outcome.PASSED, 0, 1, id="b")
    (tally,) = shown(only("g1", good, other), only("g2", bad, other), only("g3", bad)).tallies
    assert [(each.id, each.rate, each.hand_ins) for each in tally.checks] == [
        ("2C-a", pytest.approx(2 / 3), 3),
        ("2C-b", 0, 2),
    ]


def test_pieces_of_a_bar_fill_it() -> None:
    for tally in view(a_class(30)).tallies:
        end = 0.0
        for _, _, start, width in tally.parts:
            assert start == pytest.approx(end, abs=0.02)
            end = start + width
        assert end == pytest.approx(100, abs=0.05)


def test_a_task_that_only_a_person_marks_has_no_rate() -> None:
    one = typical(tasks=(task("3B", Outcome.MANUAL, None, 0),))
    assert shown(one).tallies[0].rate is None
    assert "3B Convolution against fully connected" in text_of(one)


# --- points


def test_points_without_a_value_are_left_out_and_said() -> None:
    made = shown(typical("a"), complete("b"), broken("c"))
    assert made.points == (3.82, 7.5)
    assert [row.lost for row in made.rows] == ["", "", "2C: a fault of the harness, not of the work"]
    assert made.incomplete == 1
    assert [(each.reason, [(one.name, tasks) for one, tasks in each.hand_ins]) for each in made.open] == [
        ("a fault of the harness, not of the work", [("c", "2C")])
    ]
    assert [hand_in.name for hand_in, _ in made.unread] == ["c"]
    assert made.waiting == 2
    text = text_of(typical("a"), complete("b"), broken("c"))
    assert "1 hand-in whose points are not final is left out." in text
    assert "1 hand-in: a fault of the harness, not of the work c 2C" in text
    assert "2 hand-ins wait for the points that a person gives." in text


def test_a_marked_class_waits_for_nobody() -> None:
    text = text_of(complete("a"), complete("b"))
    assert "Each hand-in has all its points by machine." in text
    assert "waits" not in text
    part = ManualPart(max_points=0.5)
    half = typical("c", tasks=(task("2B", Outcome.PASSED, 0.5, 0.5, manual=part),))
    assert shown(half).waiting == 1


@pytest.mark.parametrize("most", [0.05, 1, 5.9, 6, 10, 100, 1234.5])
def test_bars_count_every_hand_in_once(most: float) -> None:
    values = [most * number / 20 for number in range(21)]
    made = bars(values, most)
    assert sum(bar.count for bar in made) == 21
    assert len(made) <= MOST_BARS
    assert made[0].low == 0 and made[-1].high >= most
    assert made[-1].count  # the highest points are in the last bar
    for bar, after in pairwise(made):
        assert bar.high == after.low


def test_a_bar_holds_its_lower_end_and_not_its_upper() -> None:
    made = bars([0.5, 0.99, 1.0], 6)
    assert [(bar.low, bar.count) for bar in made[:3]] == [(0, 0), (0.5, 2), (1.0, 1)]


def test_quartiles_by_hand() -> None:
    assert quartiles([1, 2, 3, 4, 5]) == (2, 3, 4)
    assert quartiles([4.0]) == (4.0, 4.0, 4.0)


def test_the_histogram_tells_what_it_shows() -> None:
    svg = points_figure([1.0, 1.2, 5.0], 6, 1.2, name="h")
    told = next(element.text for element in ET.fromstring(svg).iter(f"{NS}desc"))
    assert told == "1 to 1.5 points: 2 hand-ins; 5 to 5.5 points: 1 hand-in. The median is 1.2."
    assert points_figure([], 6, 0, name="h") == ""


# --- accuracies


def test_fences_are_tukeys() -> None:
    assert fences([1, 2, 3, 4, 5, 6, 7, 8, 9]) == (3 - 1.5 * 4, 7 + 1.5 * 4)
    assert fences([1, 2, 3]) is None
    assert fences([1.0] * 9) is None
    assert fences([1.0] * 9, least=0.1) == (pytest.approx(0.85), pytest.approx(1.15))


def test_outliers_are_said_by_the_rule_with_links() -> None:
    results = [run(f"g{number}", 0.971 + number / 10_000) for number in range(9)] + [run("far", 0.93)]
    (strip,) = shown(*results).strips
    assert [dot.hand_in.name for dot in strip.outliers] == ["far"]
    assert strip.unaccepted == 1
    text = text_of(*results)
    assert "10 hand-ins, 1 below what is accepted." in text
    assert "Far from the others: far 93.00%" in text
    assert "more than 1.5 interquartile ranges outside the middle half" in text


def test_equal_values_are_not_far_from_each_other() -> None:
    """Twenty equal recipes, and one that differs by less than the reference's runs do among themselves."""
    results = [run(f"g{number}", 0.9713) for number in range(20)] + [run("other", 0.9721)]
    assert shown(*results).strips[0].outliers == ()
    assert "None lies far from the others." in text_of(*results)


def test_few_hand_ins_have_no_outliers() -> None:
    (strip,) = shown(run("a", 0.971), run("b", 0.93)).strips
    assert (strip.outliers, strip.fences) == ((), None)


def test_hand_ins_that_are_held_against_another_gate_have_a_strip_of_their_own() -> None:
    others = CNN_GATE.model_copy(update={"task": "2C"}), MLP_GATE.model_copy(update={"reference": (0.97, 0.98)})
    made = shown(run("a", 0.971), run("b", 0.972), run("c", 0.991, others[0]), run("d", 0.971, others[1]))
    assert [[dot.hand_in.name for dot in strip.dots] for strip in made.strips] == [["a", "b"], ["c"], ["d"]]


@pytest.mark.parametrize("count", [1, 30, 300])
def test_a_strip_has_a_dot_with_a_name_for_each_hand_in(count: int) -> None:
    values = sorted(0.97 + (7 * number % 30) / 10_000 for number in range(count))
    names = [f"group <{number}>" for number in range(count)]
    root = ET.fromstring(strip_figure("accuracy", MLP_GATE, names, values, name="s", title="t"))
    dots = [use for use in root.iter(f"{NS}use") if use.find(f"{NS}title") is not None]
    told = [(use.findtext(f"{NS}title"), float(use.get("x", "nan")), float(use.get("y", "nan"))) for use in dots]
    assert [text for text, _, _ in told] == [
        f"{name}: {value:.2%}" for name, value in zip(names, values, strict=True)
    ]
    assert len({(x, y) for _, x, y in told}) == count  # none hides another
    assert [x for _, x, _ in told] == sorted(x for _, x, _ in told)
    height = float((root.get("viewBox") or "").split()[3])
    assert all(0 < y < height for _, _, y in told)


def test_a_crowd_is_drawn_within_its_frame() -> None:
    root = ET.fromstring(strip_figure("a", MLP_GATE, ["x"] * 900, [0.971] * 900, name="s", title="t"))
    heights = [float(use.get("y", "nan")) for use in root.iter(f"{NS}use") if use.find(f"{NS}title") is not None]
    assert len(heights) == 900
    assert max(heights) - min(heights) < 84 + SIZES[0]


# --- findings and notes


def test_findings_are_ranked_by_how_many_hand_ins_have_them() -> None:
    twice = (finding("often", "Said so."), finding("often", "Said twice."), finding("rare"))
    results = [typical("a", findings=twice), typical("b", findings=(finding("often", "Said so.", task="2D"),))]
    made = shown(*results)
    assert made.finding_kinds == ((0, "often", 2), (1, "rare", 1))
    first = made.findings[0]
    assert (first.message, first.count, first.tasks) == ("Said so.", 2, ("2D",))
    assert [hand_in.name for hand_in in first.hand_ins] == ["a", "b"]
    assert [row.findings for row in made.rows] == [(0, 1), (0,)]


def test_of_many_hand_ins_the_first_are_named() -> None:
    results = [typical(f"g{number:02}", findings=(finding("often"),)) for number in range(20)]
    first = shown(*results).findings[0]
    assert (len(first.hand_ins), first.more) == (MAX_NAMES, 20 - MAX_NAMES)
    assert "20 hand-ins in the table" in text_of(*results)
    assert "and 14 more" in text_of(*results)


def test_many_kinds_are_bounded_on_the_page() -> None:
    seen = tuple(finding(f"kind-{number}") for number in range(500))
    made = shown(typical("a", findings=seen))
    assert len(made.finding_kinds) == 60
    assert len(made.findings) == 20
    assert len(made.rows[0].findings) == 60
    notes = tuple(IntegrityNote(code=f"n{number % 70}", message="m") for number in range(70 * 60))
    made = shown(typical("a", integrity=notes))
    assert {len(each.notes) for each in made.notes} == {MAX_LISTED}
    assert len(made.notes) == 60


def test_notes_link_to_where_the_scorecard_has_them() -> None:
    html = render_class(rows_of(typical("a"), complete("b")))
    assert 'href="a/scorecard.html#integrity-h"' in html
    assert 'href="b/scorecard.html#integrity-h"' not in html
    assert "None of this changed a point" in html


def test_a_class_without_notes_says_so() -> None:
    assert "For the person who marks Worth a look." in text_of(complete())
    assert str(text_of(complete())).count("Nothing.") == 1


# --- what hand-ins have in common


def alike(*pairs: Pair, names: tuple[str, ...] = ("a", "b", "c"), **more) -> Likeness:
    return Likeness(names, pairs, **more)


def pair(one: int, other: int, first=(4, 3, 4, 21), second=(5, 1, 6, 2)) -> Pair:
    spans = [Passage(where(a, b), where(c, d)) for a, b, c, d in (first, second)]
    return Pair((one, other), (0.94, 0.875), (spans[0], spans[1]), 300)


def test_pairs_are_listed_with_their_shares_and_places() -> None:
    text = text_of(typical("a"), typical("b"), typical("c"), likeness=alike(pair(0, 2), more=2))
    assert "a c 94% 88% assignment7.ipynb, cell 4, lines 3 to 21" in text
    assert "assignment7.ipynb, cell 5, line 1 to cell 6, line 2" in text
    assert "and 2 more pairs, less alike than these" in text
    assert "What more than a fifth of the class share is left out" in text
    assert "read both before you ask anybody" in text


def test_what_was_handed_out_is_said_to_be_left_out() -> None:
    given = alike(pair(0, 1), handed_out=True)
    assert "What the class was given is left out." in text_of(typical("a"), typical("b"), likeness=given)


def test_likeness_is_a_note_of_the_row_and_no_points() -> None:
    results = [typical("a"), typical("b"), complete("c")]
    common = alike(pair(0, 2), twins=(Twins("2C", ("a", "b")),))
    plain, marked = shown(*results), shown(*results, likeness=common)
    assert [row.note_count for row in plain.rows] == [1, 1, 0]
    assert [row.note_count for row in marked.rows] == [3, 2, 1]
    assert {code for _, code, _ in marked.note_kinds} == {"pasted-results", ALIKE, TWIN}
    assert [row.result.points for row in plain.rows] == [row.result.points for row in marked.rows]
    assert [each.code for each in marked.notes] == ["pasted-results"]


def test_no_likeness_is_said_where_it_was_looked_for() -> None:
    found = text_of(typical("a"), typical("b"), likeness=alike(names=("a", "b")))
    assert "No two of 2 hand-ins share half of the shorter one’s own code." in found
    assert "nearly the same" not in text_of(typical("a"), typical("b"))


def test_the_same_training_is_listed_in_words() -> None:
    common = alike(twins=(Twins("2C", ("a", "b", "gone")),))
    text = text_of(typical("a"), typical("b"), likeness=common)
    assert "2C a , b Dense 64, Dense 64, Dense 10, SGD, learning rate 0.1, 10 epochs, batch 128" in text
    assert "often met by chance" in text


def test_a_pair_of_which_one_is_not_on_the_page_is_left_out() -> None:
    assert shown(typical("a"), likeness=alike(pair(0, 1), twins=(Twins("2C", ("a", "b")),))).pairs == ()


# --- the whole page


@pytest.mark.parametrize("text", [*HOSTILE, "A" * 250])
def test_hostile_text_stays_text(text: str) -> None:
    named = alike(pair(0, 1), names=(text, "b"), twins=(Twins(text, (text, "b")),))
    results = [hostile(text), hostile(text).model_copy(update={"submission": typical("b").submission})]
    runs = [run(f"{text}{number}", 0.93 + number / 1000) for number in range(9)]
    rows = [ClassRow(each, f"javascript:{text[:50]}/scorecard.html") for each in (*results, *runs)]
    html = render_class(rows, named)
    body = html.partition("<main")[2].rpartition("<script>")[0]
    assert "<script" not in body and "<img" not in body
    assert not re.search(r"<[^>]* on\w+\s*=", re.sub(r'"[^"]*"', '""', body))
    assert all(link.startswith(("#", "javascript%3A")) for link in re.findall('href="([^"]*)"', body))
    assert not re.search("[\u202a-\u202e\u2066-\u2069\u200b-\u200f\x00\x1b\ufffe]", html)


def test_data_that_is_not_the_assignments_own_is_marked() -> None:
    assert "Measured on digits, not on MNIST" in text_of(typical("a", dataset=DIGITS), typical("b"))


def test_three_hundred_rows_are_one_page_of_a_modest_size() -> None:
    rows = a_class(300)
    html = render_class(rows, likeness(rows))
    assert html.count('<tr role="row" data-findings') == 300
    assert len(html) < 2_000_000
    assert render_class(rows, likeness(rows)) == html


def test_an_empty_class_has_no_sections() -> None:
    assert text_of() == "Nothing was graded."
