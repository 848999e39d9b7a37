"""What a class costs: counted as hand-ins ask for it, and put together from what was measured."""

import importlib
from pathlib import Path

import pytest
from evidence import evidence, mlp
from generated_class import Choice

from harness.assignment import load

DOCS = Path(__file__).parents[2] / "docs"
A7 = load("dat405_a7")
WHOLE = Choice("g", "good_notebook", factors="np.linspace(1e-6, 1e-3, 5)", network="conv32-3 flatten", epochs=4)


@pytest.fixture
def cluster(monkeypatch):
    monkeypatch.syspath_prepend(str(DOCS))
    return importlib.import_module("cluster")


@pytest.fixture
def class_of(monkeypatch):
    monkeypatch.syspath_prepend(str(DOCS))
    return importlib.import_module("class_of")


def measured(hand_ins, **more):
    return {
        "hand_ins": hand_ins, "seed": 1, "jobs": 2, "wall": 60.0 * hand_ins, "processor": 100.0 * hand_ins,
        "again": {"wall": 2.0 * hand_ins, "processor": 3.0 * hand_ins}, "asked": 8 * hand_ins,
        "trained": 2 * hand_ins, "training": 10.0 * hand_ins, "class_page": 1.0,
        "stages": {"record": 5.0 * hand_ins, "check": 1.0 * hand_ins}, "faults": 0, "refused": 1,
        "store": {"hits": 1, "misses": 1, "bytes": 10**7 * hand_ins, "kept": {}},
        "bytes": {"handed_in": 1, "results": 10**6 * hand_ins, "index": 10, "journal": 10},
        "machine": {"processor": "P", "cores": 2, "memory": 1, "load_before": 0.1},
        "commit": "c", "date": "d", **more,
    }  # fmt: skip


def test_a_hand_in_asks_for_what_its_tasks_are_trained_with(cluster):
    assert len(cluster.trainings(WHOLE, A7, "quick", scaled=True)) == 8  # as the harness itself asks for it
    assert len(cluster.trainings(WHOLE, A7, "full", scaled=False)) == 3 + 15 + 1 + 1
    assert cluster.trainings(Choice("g", "link"), A7, "full", scaled=False) == frozenset()
    only_first = Choice("g", "mutants/one_epoch", factors=WHOLE.factors)
    assert {one.key[0] for one in cluster.trainings(only_first, A7, "quick", scaled=True)} == {"2C"}


def test_equal_settings_are_one_training_and_a_shared_factor_too(cluster):
    other = Choice("h", "report_a", factors="np.geomspace(1e-6, 1e-3, 5)", network="conv8-3 flatten", epochs=9)
    both = [cluster.trainings(one, A7, "quick", scaled=True) for one in (WHOLE, other)]
    shared = both[0] & both[1]
    assert sorted(one.key[0] for one in shared) == ["2C", "2D", "2D", "4A"], "the first and the last factor"


def test_operations_are_those_that_the_reference_s_calibration_has(cluster):
    reference = cluster.costs_of(A7)["3A"]
    assert cluster.forward(cluster.GOOD) == pytest.approx(reference.forward, rel=1e-3)
    (one,) = [each for each in cluster.trainings(WHOLE, A7, "full", scaled=False) if each.convolutional]
    assert one.operations == 3 * cluster.forward("conv32-3 flatten") * 60_000 * 4


def test_a_larger_class_asks_for_more_and_trains_a_smaller_share(cluster):
    small, large = cluster.counted(30, "full"), cluster.counted(300, "full")
    assert large.asked > 8 * small.asked
    assert small.distinct < large.distinct
    assert len(large.distinct) / large.asked < 0.7 * len(small.distinct) / small.asked


def test_rates_are_read_from_the_page_of_measurements(cluster):
    rates = cluster.rates_of((DOCS / "performance.md").read_text(encoding="utf-8"))
    assert set(rates) == {True, False} and all(1e9 < rate < 1e14 for rate in rates.values())
    page = (DOCS / "performance.md").read_text(encoding="utf-8").replace("| 43.5 |", "| 87.0 |")
    assert cluster.rates_of(page)[False] == pytest.approx(rates[False] / 2)


def test_tables_are_made_of_what_was_measured(cluster, monkeypatch):
    monkeypatch.setattr(cluster, "CLASSES", (100, 600, 1_000))  # the largest takes half a minute to count
    rows = cluster.measured_table([measured(25), measured(50, trained=60)])
    assert "| 25 | 25.0 | 60.0 | 100.0 | 200 | 50 | 75% |" in rows[4]
    assert "| 25 | 5.00 | 1.00 | 1.0 |" in rows
    assert (
        "2.0 times as many, trainings grow 1.2 times" in cluster.growth([measured(25), measured(50, trained=60)])[0]
    )
    rates = {False: 1e11, True: 1e11}
    paper = cluster.paper_table([measured(200)], rates)
    assert len(paper) == 2 + len(cluster.CLASSES)
    assert "(over it)" not in paper[2] and "(over it)" in paper[3]
    assert cluster.paper_table([measured(200, class_page=1e4)], rates)[4].endswith("in pairs |")
    told = "\n".join(cluster.targets(measured(200), rates))
    assert "no GPU was measured" in told and "| 0.2 h | **measured**" in told


def test_the_class_page_grows_with_the_pairs_and_not_its_beginning(cluster):
    sizes = [measured(10, class_page=1.1), measured(100, class_page=1 + 10.0)]
    assert cluster.class_page_seconds(sizes, 1_000) == pytest.approx(1 + 1_000.0)
    assert cluster.class_page_seconds([measured(100, class_page=2.0)], 200) == pytest.approx(8.0)


def test_the_page_has_a_place_for_each_table(cluster):
    page = (DOCS / "cluster.md").read_text(encoding="utf-8")
    for name in ("measured", "growth", "paper", "targets"):
        assert page != cluster.put(page, name, ["a line that is not there"])


def test_trainings_of_a_graded_class_are_counted_by_recipe(class_of, tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        made = evidence(A7, mlp())
        (tmp_path / name / "evidence.json").write_text(made.model_dump_json(), encoding="utf-8")
    runs = [run for fit in made.fits.values() for run in fit.runs]
    asked, seconds = class_of.trainings(tmp_path)
    assert asked == 2 * len({run.recipe for run in runs}) > 0
    assert set(seconds) == {run.recipe for run in runs}
