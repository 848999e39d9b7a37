"""How long it takes on the marking page from a key to the next hand-in: `python docs/marking_page_speed.py`.

120 made-up hand-ins of eleven tasks, each with figures; question 2D is marked by keys, a second apart. Needs the
extra `browser` and a Chromium.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

TESTS = Path(__file__).resolve().parent.parent / "tests"
COUNT = 120
STEPS = 110
PAUSE = 1_000  # ms
STEP = """async (before) => {
  const began = performance.now();
  for (const key of ["m", "Enter"]) document.body.dispatchEvent(new KeyboardEvent("keydown", {key, bubbles: true}));
  const waits = () => document.getElementById("jump").value === before || document.getElementById("side").inert;
  while (waits()) await new Promise(requestAnimationFrame);
  await new Promise(requestAnimationFrame);
  return performance.now() - began;
}"""


def main() -> None:
    """Print the median and the 95th percentile."""
    sys.path.insert(0, str(TESTS))
    from browser.windows import started
    from unit.class_sample import a_result
    from unit.marking_sample import served, write_class
    from unit.sample_parts import answer, denoising, sweep

    from harness.kept_figures import KeptFigures
    from harness.store import Store

    more = {"plots": (sweep(), denoising()), "answers": (answer("Batch size and learning rate.", "2D"),)}
    results = [a_result(number).model_copy(update=more) for number in range(1, COUNT + 1)]
    with tempfile.TemporaryDirectory() as scratch:
        figures = KeptFigures(Store(Path(scratch, "cache")))
        out = write_class(Path(scratch, "out"), *results)
        with started() as browser, served(out, figures=figures) as page:
            page.ask("/api/question/2D/group-001")  # draws what grading has drawn and kept
            window = browser.new_page()
            window.goto(page.keys.address)
            took = measured(window, f"http://127.0.0.1:{page.keys.port}/question/2D")
    print(f"median {statistics.median(took):.0f} ms, 95 of 100 below {statistics.quantiles(took, n=20)[-1]:.0f} ms")


def measured(window: Page, address: str) -> list[float]:
    """Milliseconds from the key to the next hand-in, for each that is marked."""
    window.goto(address)
    window.wait_for_selector(".panel")
    took = []
    for _ in range(STEPS):
        window.wait_for_timeout(PAUSE)
        before = window.evaluate("() => document.getElementById('jump').value")
        took.append(window.evaluate(STEP, before))
    window.wait_for_function("() => document.getElementById('saved').textContent === 'All saved'")
    return took


if __name__ == "__main__":
    main()
