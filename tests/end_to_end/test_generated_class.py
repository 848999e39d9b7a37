"""The made-up class: what is only said in other words is trained once, as docs/cluster.md counts it."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import missing
from generated_class import Choice, files_of
from notebook_variants import EDITS

from harness import stages
from harness.assignment import load
from harness.bench import Folder, Setup, bench
from harness.receiving import receive_one
from harness.sandbox import probe

pytestmark = [pytest.mark.end_to_end, pytest.mark.nightly]
FACTORS, NETWORK = "np.logspace(-6, -3, 5)", "conv32-3 pool2 flatten dense100"


def test_the_same_settings_in_other_words_and_another_dialect_ask_for_the_same_trainings(tmp_path):
    problem = probe()
    if problem:
        missing("bubblewrap", problem)
    setup = Setup(Folder(load("dat405_a7").folder), "digits", "quick", device="cpu", store=tmp_path / "store")
    plain = Choice("plain", "good_notebook", (), FACTORS, NETWORK, epochs=4)
    others = {
        "words": Choice("words", "good_notebook", tuple(EDITS), FACTORS, NETWORK, epochs=4),
        "again": Choice("again", "good_notebook", tuple(EDITS), FACTORS, NETWORK, epochs=4),
        "dialect": Choice("dialect", "report_a", tuple(EDITS), FACTORS, NETWORK, epochs=4),
        "network": Choice("network", "good_notebook", tuple(EDITS), FACTORS, "conv16-3 flatten", epochs=4),
    }
    with bench(setup) as tools:

        def asked(choice: Choice, seed: int) -> set[str]:
            folder = Path(tmp_path / choice.name)
            folder.mkdir()
            for name, body in files_of(choice, seed).items():
                (folder / name).write_bytes(body)
            seen = stages.look(tools, receive_one(folder, tmp_path / "in" / choice.name, choice.name))
            assert not seen.fault and not seen.evidence.problem
            return set(seen.trainings)

        before = asked(plain, 1)
        made = {name: asked(choice, seed) for seed, (name, choice) in enumerate(others.items(), 2)}
    assert len(before) == 1 + 5 + 1 + 1
    assert made["words"] == made["again"] == before
    assert len(made["dialect"] - before) == len(made["network"] - before) == 1, "the convolutional network"
