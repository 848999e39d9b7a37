"""The dot plot of runs: what is drawn, what is told, and that it stays within its frame."""

import re
from itertools import combinations
from xml.etree import ElementTree as ET

import pytest
from unit.sample_hostile import HOSTILE
from unit.sample_random import CNN_GATE, GAIN_GATE, MLP_GATE

from harness.dots import around, pile, runs_figure
from harness.gates import Gate
from harness.results import Judged

NS = "{http://www.w3.org/2000/svg}"
THREE = (0.9611, 0.963, 0.9619)


def judged(gate: Gate = MLP_GATE, values: tuple[float, ...] = THREE, **more) -> Judged:
    return Judged(**({"name": "validation accuracy", "values": values, "gate": gate} | more))


def drawn(gate: Gate = MLP_GATE, values: tuple[float, ...] = THREE, **more) -> str:
    return runs_figure(judged(gate, values, **more), name="d", title="Runs of 2C")


def texts(svg: str) -> list[str]:
    return ["".join(element.itertext()) for element in ET.fromstring(svg).iter(f"{NS}text")]


def dots(svg: str, colour: str) -> list[tuple[float, float]]:
    """Where the dots of a colour are, from left to right."""
    root = ET.fromstring(svg)
    found = [use for use in root.iter(f"{NS}use") if colour in use.get("fill", "") and use.get("fill-opacity")]
    return sorted((float(use.get("x", "nan")), float(use.get("y", "nan"))) for use in found)


def described(svg: str) -> str:
    return next(element.text or "" for element in ET.fromstring(svg).iter(f"{NS}desc"))


def test_a_dot_for_each_run_of_the_hand_in_and_of_the_reference() -> None:
    svg = drawn()
    own, reference = dots(svg, "--accent"), dots(svg, "--muted")
    assert (len(own), len(reference)) == (3, 200)
    assert own[-1][0] < reference[0][0]
    assert own[0][1] > max(y for _, y in reference)  # below them
    gaps = own[1][0] - own[0][0], own[2][0] - own[1][0]
    assert gaps[0] * (0.963 - 0.9619) == pytest.approx(gaps[1] * (0.9619 - 0.9611), rel=0.01)


def test_every_threshold_names_its_source() -> None:
    assert {"asked 97.00%, assignment", f"accepted {MLP_GATE.accepted:.2%}, calibration"} <= {*texts(drawn())}
    course = MLP_GATE.model_copy(update={"nominal": 0.5, "source": "course"})
    assert "asked and accepted 50.00%, course" in texts(drawn(course))
    assert not any("accepted" in text for text in texts(drawn(Gate(task="2C", nominal=0.97))))


def test_all_of_it_is_told_in_words() -> None:
    assert described(drawn()) == (
        "Your 3 runs: 96.11%, 96.30%, 96.19%; their average is 96.20%. 200 runs of correct solutions ended from "
        "96.68% to 97.58%, on average at 97.13%. Asked: 97.00%, assignment. Accepted: "
        f"{MLP_GATE.accepted:.2%}, calibration."
    )
    assert (
        described(drawn(Gate(task="2C", nominal=0.97), (0.96,))) == "Your run: 96.00%. Asked: 97.00%, assignment."
    )


def test_a_gain_is_in_percentage_points() -> None:
    svg = drawn(GAIN_GATE, (-0.031, 0.022), name="gain")
    assert "gain, percentage points" in texts(svg)
    assert f"accepted {100 * GAIN_GATE.accepted:.2f}, calibration" in texts(svg)
    assert "Your 2 runs: −3.10 percentage points, 2.20 percentage points" in described(svg)


def test_the_average_of_the_runs_is_drawn_where_it_decides() -> None:
    def averages(svg: str) -> int:
        return len(re.findall(r'stroke="var\(--accent[^"]*"', svg))

    assert averages(drawn(CNN_GATE)) > averages(drawn(CNN_GATE, THREE[:1])) == averages(drawn())


@pytest.mark.parametrize("gate", [MLP_GATE, CNN_GATE, GAIN_GATE, Gate(task="2C", nominal=0.97), Gate(task="2C")])
@pytest.mark.parametrize("values", [(0.9611,), THREE, (0.0,), (1.0, 1.0), (0.1, 0.99)])
def test_any_runs_are_drawn_within_the_frame(gate: Gate, values: tuple[float, ...]) -> None:
    svg = drawn(gate, values)
    assert "nan" not in svg.lower()
    _, _, width, height = map(float, ET.fromstring(svg).get("viewBox", "").split())
    for x, y in dots(svg, "--accent") + dots(svg, "--muted"):
        assert 0 <= x <= width
        assert 0 <= y <= height


def test_reference_runs_that_are_all_alike_can_be_seen() -> None:
    alike = CNN_GATE.model_copy(update={"reference": (0.98,) * 30, "nominal": None})
    assert len(dots(drawn(alike), "--muted")) == 30


def test_nothing_run_nothing_drawn() -> None:
    assert drawn(values=()) == ""


def test_same_data_same_bytes_in_the_pages_own_colours() -> None:
    assert drawn() == drawn()
    assert not re.search(r"#[0-9a-fA-F]{6}\b", drawn())
    assert "style=" not in drawn()


@pytest.mark.parametrize("text", [*HOSTILE, "$\\frac{1}{0}$"])
def test_hostile_names(text: str) -> None:
    svg = runs_figure(judged(name=text), name="d", title=text)
    tags = {element.tag.removeprefix(NS) for element in ET.fromstring(svg).iter()}
    assert tags <= {"svg", "title", "desc", "defs", "g", "path", "use", "text", "tspan", "clipPath", "rect"}


@pytest.mark.parametrize(
    "places", [(10, 30, 60), (200, 240, 300), (5, 150, 345), (100, 101, 102), (20, 330), (170,)]
)
def test_words_stay_in_the_frame_and_off_other_lines(places: tuple[float, ...]) -> None:
    low, high, width = -72, 348, 150
    chosen = around([(place, width) for place in places], low, high)
    assert sorted(row for row, _ in chosen) == list(range(len(places)))
    for (one, (row, left)), (other, (other_row, _)) in combinations(zip(places, chosen, strict=True), 2):
        for place, at, taller in ((one, (row, left), other_row > row and other),):
            start, end = (place - width, place) if at[1] else (place, place + width)
            assert start >= low and end <= high
            assert not (taller and start < taller < end)


def test_dots_that_would_touch_are_piled_up_and_many_of_them_closer() -> None:
    assert pile([0, 10, 10, 20, 10], 4, 40) == [2, 2, 6, 2, 10]
    many = pile([5.0] * 50, 4, 40)
    assert max(many) <= 40
    assert len(set(many)) == 50
