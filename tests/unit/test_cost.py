"""What training takes, counted by hand here; what is over a limit is refused with its figures."""

import math

import pytest
import tiny
from evidence import (
    MLP_LAYERS,
    chain,
    conv2d,
    dense,
    flatten,
    image_input,
    layer,
    layer_facts,
    model_facts,
)
from hypothesis import given
from hypothesis import strategies as st
from unit.recipe_sample import MLP_SHAPED, SGD, recipe

from harness.allowlist import Refused
from harness.assignment import AssignmentError, load
from harness.compiling import OPTIMIZERS
from harness.models import LayerSpec, NodeSpec, canonical
from harness.recording import Graph, TensorRef
from harness.training import cost
from harness.training.cost import Allowance, Budget, ReferenceCost, Work, estimate, operations, slots

HUGE = 2**60
FORWARD = 2 * (784 * 64 + 64 * 64 + 64 * 10) + (784 + 64 + 64 + 10)  # products, then one for each output


def spec(class_name, **arguments) -> LayerSpec:
    return LayerSpec(class_name=class_name, arguments=arguments)


def mlp_cost(**changes):
    settings = {"examples": 60_000, "epochs": 10, "batch_size": 128, "optimizer": SGD, **changes}
    return estimate(canonical(Graph(**chain(*MLP_LAYERS))), MLP_SHAPED, **settings)


# --- one layer


@pytest.mark.parametrize(
    ("layer", "given_shape", "made", "products"),
    [
        (spec("Dense", units=64), (784,), (64,), 784 * 64),
        (spec("Dense", units=5), (7, 3), (7, 5), 7 * 3 * 5),  # at each of seven positions
        (spec("Conv2D", filters=16, kernel_size=[5, 5]), (28, 28, 1), (24, 24, 16), 25 * 1 * 16 * 24 * 24),
        (spec("Conv2D", filters=16, kernel_size=3), (12, 12, 8), (10, 10, 16), 9 * 8 * 16 * 100),
        (spec("Conv2D", filters=16, kernel_size=3, groups=4), (12, 12, 8), (10, 10, 16), 9 * 2 * 16 * 100),
        (spec("Conv2D", filters=2, kernel_size=[3, 3], data_format="channels_first"), (8, 12, 12), (2, 10, 10),
         9 * 8 * 2 * 100),
        (spec("Conv1D", filters=4, kernel_size=3), (10, 6), (8, 4), 3 * 6 * 4 * 8),
        (spec("Conv2DTranspose", filters=4, kernel_size=[2, 2]), (5, 5, 3), (10, 10, 4), 4 * 3 * 4 * 25),
        (spec("DepthwiseConv2D", kernel_size=[3, 3]), (12, 12, 8), (10, 10, 8), 9 * 8 * 100),
        (spec("SeparableConv2D", filters=16, kernel_size=[3, 3]), (12, 12, 8), (10, 10, 16),
         9 * 8 * 100 + 8 * 16 * 100),
        (spec("LSTM", units=5), (28, 28), (5,), 28 * 4 * 5 * (28 + 5)),
        (spec("GRU", units=5), (28, 28), (5,), 28 * 3 * 5 * (28 + 5)),
        (spec("SimpleRNN", units=5), (28, 28), (5,), 28 * 5 * (28 + 5)),
        (spec("BatchNormalization"), (10, 10, 4), (10, 10, 4), 0),
    ],
)  # fmt: skip
def test_operations_of_a_layer(layer, given_shape, made, products):
    assert operations(layer, [given_shape], made) == 2 * products + math.prod(made)


@pytest.mark.parametrize(
    ("layer", "given_shape", "made", "total"),
    [
        (spec("MaxPooling2D"), (24, 24, 16), (12, 12, 16), 4 * 12 * 12 * 16),
        (spec("AveragePooling2D", pool_size=[3, 3]), (9, 9, 2), (3, 3, 2), 9 * 18),
        (spec("MaxPooling1D", pool_size=3), (9, 2), (3, 2), 3 * 6),
        (spec("GlobalAveragePooling2D"), (7, 7, 64), (64,), 7 * 7 * 64),
    ],
)
def test_operations_of_pooling(layer, given_shape, made, total):
    assert operations(layer, [given_shape], made) == total


@pytest.mark.parametrize(
    ("name", "arguments", "count"),
    [
        ("SGD", {}, 0), ("SGD", {"momentum": 0.9}, 1), ("Adam", {}, 2), ("Adam", {"amsgrad": True}, 3),
        ("RMSprop", {}, 1), ("RMSprop", {"momentum": 0.9, "centered": True}, 3), ("Adagrad", {}, 1),
        ("Adadelta", {}, 2), ("SGD", {"use_ema": True, "gradient_accumulation_steps": 4}, 2),
    ],
)  # fmt: skip
def test_what_an_optimizer_keeps(name, arguments, count):
    assert slots((name, arguments)) == count


def test_every_optimizer_is_known():
    assert all(0 <= slots((name, {})) <= 2 for name in OPTIMIZERS)


# --- a network


def test_the_network_of_task_2():
    found = mlp_cost()
    assert (found.params, found.forward) == (55_050, FORWARD)
    assert found.training == 3 * FORWARD
    assert found.work == Work(3 * FORWARD * 60_000 * 10, 469 * 10)


def test_bytes():
    found = mlp_cost(optimizer=("Adam", {}))
    outputs = 784 + 784 + 64 + 64 + 10  # the input and four layers
    assert found.weight_bytes == 4 * 2 * 55_050
    assert found.optimizer_bytes == 4 * 2 * 55_050
    assert found.activation_bytes == 4 * 2 * 128 * outputs
    assert found.data_bytes == 4 * 60_000 * 784
    assert found.memory == sum(
        (found.weight_bytes, found.optimizer_bytes, found.activation_bytes, found.data_bytes)
    )


def test_a_batch_is_no_larger_than_the_data():
    assert mlp_cost(examples=10, batch_size=1000).activation_bytes == mlp_cost(batch_size=10).activation_bytes


@given(st.integers(1, 5), st.integers(1, 1000), st.integers(1, 60_000))
def test_work_grows_with_each_of_its_factors(epochs, batch_size, examples):
    one = mlp_cost(epochs=epochs, batch_size=batch_size, examples=examples).work
    assert mlp_cost(epochs=2 * epochs, batch_size=batch_size, examples=examples).work == one.times(2)
    more = mlp_cost(epochs=epochs, batch_size=batch_size, examples=examples + 1).work
    assert one.within(more) and more.operations > one.operations
    assert one.steps == math.ceil(examples / batch_size) * epochs


def test_a_layer_called_twice_works_twice_and_what_leads_nowhere_not_at_all():
    layers = (image_input(8), dense(8), dense(4), dense(2))
    graph = canonical(Graph(**chain(*layers)))
    twice = graph.model_copy(
        update={
            "nodes": (
                NodeSpec(layer=0), NodeSpec(layer=1, inputs=(TensorRef(node=0),)),
                NodeSpec(layer=2, inputs=(TensorRef(node=0),)),  # to nowhere
                NodeSpec(layer=1, inputs=(TensorRef(node=1),)), NodeSpec(layer=3, inputs=(TensorRef(node=3),)),
            ),
            "outputs": (TensorRef(node=4),),
        }
    )  # fmt: skip
    facts = model_facts(
        (layer_facts("Dense", 8, output_shape=(None, 8)), layer_facts("Dense", 2, output_shape=(None, 2)))
    )
    found = estimate(twice, facts, examples=1, epochs=1, batch_size=1, optimizer=SGD)
    assert found.forward == 2 * (2 * 8 * 8 + 8) + 2 * 8 * 2 + 2


def test_a_convolution_with_an_operation():
    parts = chain(image_input(), layer("ops.TrueDivide"), conv2d(16, 5), flatten())
    divided = parts["nodes"][1].model_copy(update={"arguments": {"args": ["tensor", 255.0]}})
    graph = canonical(Graph(**{**parts, "nodes": (parts["nodes"][0], divided, *parts["nodes"][2:])}))
    shapes = (layer_facts("Conv2D", 16, output_shape=(None, 24, 24, 16)),
              layer_facts("Flatten", output_shape=(None, 9216)))  # fmt: skip
    found = estimate(graph, model_facts(shapes), examples=1, epochs=1, batch_size=1, optimizer=SGD)
    assert found.forward == 784 + (2 * 25 * 16 * 24 * 24 + 9216) + 9216


# --- limits


REFERENCE = ReferenceCost(params=55_050, forward=FORWARD, epochs=10, batch_size=128)
ONE_RUN = REFERENCE.work(60_000)


def budget(multiple=20.0, total=None, memory=HUGE) -> Budget:
    return Budget(Allowance({"2C": ONE_RUN}, {"2C": multiple}, total), memory)


def refused(within: Budget, *arguments) -> str:
    with pytest.raises(Refused) as reason:
        within.charge(*arguments)
    return str(reason.value)


def test_the_reference_itself_is_within_every_limit():
    budget(multiple=1, total=ONE_RUN.times(3)).charge("2C", [(recipe(), MLP_SHAPED)], (0, 1, 2))


def test_more_arithmetic_than_allowed_is_refused_with_the_figures():
    within = budget()
    within.charge("2C", [(recipe(epochs=200), MLP_SHAPED)], (0,))
    assert refused(within, "2C", [(recipe(epochs=410), MLP_SHAPED)], (0,)) == (
        "training it would take 41 times the arithmetic of the reference network (8.2e12 against 2.0e11 "
        "operations); at most 20 times is trained"
    )


def test_more_steps_than_allowed_are_refused_with_the_figures():
    assert refused(budget(), "2C", [(recipe(batch_size=1), MLP_SHAPED)], (0,)) == (
        "training it would take 128 times the steps of the reference network (600,000 against 4,690 steps); at "
        "most 20 times is trained"
    )


def test_more_memory_than_there_is_is_refused_with_the_figures():
    said = refused(budget(memory=10**6), "2C", [(recipe(), MLP_SHAPED)], (0,))
    assert said == (
        "training it would need 190.3 MB of memory (55,050 parameters, batches of 128); this machine has 1.0 MB"
    )


def test_the_machines_memory_is_asked_for(monkeypatch):
    monkeypatch.setattr(cost.psutil, "virtual_memory", lambda: type("Memory", (), {"total": 10**6}))
    assert "1.0 MB" in refused(Budget(Allowance()), "2C", [(recipe(), MLP_SHAPED)], (0,))


def test_a_task_without_a_reference_has_no_limit_but_the_total():
    budget(multiple=1).charge("9", [(recipe(epochs=400), MLP_SHAPED)], (0,))
    assert "a hand-in has" in refused(budget(total=ONE_RUN), "9", [(recipe(epochs=400), MLP_SHAPED)], (0,))


def test_what_is_over_the_total_is_refused_and_what_is_smaller_still_trained():
    within = budget(total=ONE_RUN.times(3))
    within.charge("2C", [(recipe(), MLP_SHAPED)], (0, 1))
    said = refused(within, "2C", [(recipe(epochs=20), MLP_SHAPED)], (0,))
    assert said == (
        "with it, this hand-in's training would take 8.0e11 operations; a hand-in has 6.0e11. Train fewer or "
        "smaller networks, or ask the person who marks"
    )
    within.charge("2C", [(recipe(loss=("MeanSquaredError", {})), MLP_SHAPED)], (0,))
    assert "a hand-in has" in refused(within, "2C", [(recipe(epochs=1), MLP_SHAPED)], (0,))


def test_a_run_is_charged_once():
    within = budget(total=ONE_RUN.times(2))
    for _ in range(5):
        within.charge("2C", [(recipe(), MLP_SHAPED)], (0, 1))
        within.charge("2C", [(recipe(), MLP_SHAPED)], ())
    assert "a hand-in has" in refused(within, "2C", [(recipe(), MLP_SHAPED)], (2,))


def test_what_is_trained_together_is_taken_together_or_not_at_all():
    parent, child = recipe(loss=("MeanSquaredError", {})), recipe()
    within = budget(total=ONE_RUN.times(3))
    refused(within, "2C", [(parent, MLP_SHAPED), (recipe(epochs=30), MLP_SHAPED)], (0,))
    within.charge("2C", [(child, MLP_SHAPED)], (1, 2))  # for which the parent's run was not left charged
    refused(within, "2C", [(parent, MLP_SHAPED), (child, MLP_SHAPED)], (0,))
    assert within.charge("2C", [(parent, MLP_SHAPED), (child, MLP_SHAPED)], (1,)) == ONE_RUN.times(2)
    refused(within, "2C", [(recipe(epochs=1), MLP_SHAPED)], (0,))


# --- what an assignment allows


def with_costs(folder, tasks, more=""):
    gate = "[tasks.A.gates.accuracy]"
    place = tiny.write(folder, toml=tiny.TOML.replace(gate, f"{more}\n{gate}", 1))
    (place / "calibration").mkdir()
    costs = ", ".join(f'"{name}": {one.model_dump_json()}' for name, one in tasks.items())
    text = f'{{"assignment": "tiny", "tasks": {{{costs}}}, "provenance": {{}}}}'
    (place / "calibration" / "cost.json").write_text(text, encoding="utf-8")
    return load(str(place))


def test_multiples_of_what_the_references_take(tmp_path):
    sweep = REFERENCE.model_copy(update={"fits": 5})
    small = with_costs(tmp_path, {"A": REFERENCE, "B": sweep, "gone": REFERENCE}, "cost_limit = 7")
    found = small.allowance("mnist", 60_000, "full")
    assert found.references == {"A": ONE_RUN, "B": ONE_RUN}
    assert found.multiples == {"A": 7, "B": small.profile("full").cost_limit}
    assert found.total == ONE_RUN.times((1 + 5) * 3 * small.profile("full").budget)


def test_a_scaled_recipe_is_held_against_the_scaled_reference(tmp_path):
    small = with_costs(tmp_path, {"A": REFERENCE}, "scaled = { digits = { epochs = 60, batch_size = 32 } }")
    assert small.allowance("digits", 1437, "quick").references["A"] == REFERENCE.work(1437, 60, 32)
    assert small.allowance("mnist", 60_000, "quick").references["A"] == ONE_RUN


def test_without_costs_only_memory_limits(tmp_path):
    assert tiny.assignment(tmp_path).allowance("mnist", 60_000, "full") == Allowance()


def test_damaged_costs_name_their_file(tmp_path):
    small = with_costs(tmp_path, {"A": REFERENCE})
    path = small.folder / "calibration" / "cost.json"
    path.write_text("{", encoding="utf-8")
    with pytest.raises(AssignmentError, match=r"cost\.json"):
        small.allowance("mnist", 60_000, "full")


def test_the_costs_in_the_tree_are_those_of_the_contract():
    a7 = load("dat405_a7")
    found = a7.allowance("mnist", 60_000, "full")
    assert set(found.references) == {build.task for build in a7.contract.builds}
    assert found.references["2C"] == ONE_RUN
    assert found.multiples["3A"] > found.multiples["2C"] > found.multiples["4A"]
    for build in a7.contract.builds:
        steps = math.ceil(60_000 / build.batch_size) * build.epochs
        assert found.references[build.task].steps == steps


@pytest.mark.parametrize("task", ["2C", "2D", "3A", "4A"])
def test_a_hand_in_has_more_than_the_whole_reference(task):
    for profile in ("quick", "full"):
        found = load("dat405_a7").allowance("mnist", 60_000, profile)
        assert found.references[task].times(found.multiples[task] / 20).within(found.total)


def test_a_recorded_fit_is_estimated_from_its_recipe():
    assert cost.of_recipe(recipe(), MLP_SHAPED) == mlp_cost()
