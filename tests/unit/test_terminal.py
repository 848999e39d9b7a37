"""What is printed of a result: each check in sentences, what it costs, a code to quote, and forecasts."""

from pathlib import Path

import pytest
from unit.sample_hostile import HOSTILE, hostile
from unit.sample_random import lucky, quick, random
from unit.sample_results import typical

from harness.showing import show_result


def printed(result, capsys) -> str:
    show_result(result, Path("out/scorecard.html"))
    return " ".join(capsys.readouterr().out.split())


def test_a_failed_check_says_what_happened_what_it_costs_and_what_to_quote(capsys):
    text = printed(random(), capsys)
    assert "At least one run has to reach 96.87%; your best reaches 96.30%." in text
    own = "Your own run's 97.02% counts neither for nor against you: every network is trained anew here."
    assert f"{own} (assignment7.ipynb, cell 7, line 12)" in text
    assert "Costs 0.6 of the assignment's 2.6 points. To ask a person about this, quote 0QBB-SHYZ." in text
    assert "Forecast" not in text


def test_what_passed_or_was_not_attempted_has_no_code(capsys):
    assert "quote" not in printed(lucky(), capsys)
    assert printed(typical(), capsys).count("To ask a person about this, quote") == 2


def test_a_quick_check_forecasts(capsys):
    text = printed(quick(), capsys)
    assert (
        "Forecast of the full check on track: 2C (what was trained already reaches what is needed) at risk: 3A"
        in text
    )
    assert "will fall short: 4C (too low to be bad luck in training: mend it" in text


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_commands_no_terminal(text, capsys):
    show_result(hostile(text), Path("out/scorecard.html"))
    shown = capsys.readouterr().out
    assert not {"\x1b", "\x07", "\u202e"} & {*shown}
