"""Recorded graphs in canonical form: what is dropped, what is refused, and in which words."""

import pytest
from evidence import MLP_LAYERS, chain, conv2d, dense, fit, flatten, image_input, layer
from hypothesis import given
from hypothesis import strategies as st

from harness import models
from harness.allowlist import LAYERS, Refused
from harness.models import LayerSpec, ModelSpec, NodeSpec, canonical
from harness.recording import Graph, LayerRecord, NodeRecord, TensorRef


def graph(*layers: LayerRecord, **changes) -> Graph:
    return Graph(**{**chain(*layers), **changes})


IMAGE = TensorRef(node=0)


def operation(name, arguments, *, inputs=(IMAGE,)):
    """An input, an operation on it, and a Dense layer."""
    layers = (image_input(784), layer(f"ops.{name}", name="op"), dense(10))
    nodes = (
        NodeRecord(layer=0),
        NodeRecord(layer=1, inputs=inputs, arguments=arguments),
        NodeRecord(layer=2, inputs=(TensorRef(node=1),)),
    )
    return graph(*layers, nodes=nodes)


def refusal(thing: Graph) -> str:
    with pytest.raises(Refused) as refused:
        canonical(thing)
    return str(refused.value)


def test_the_network_of_task_2():
    spec = canonical(fit())
    assert [one.class_name for one in spec.layers] == ["InputLayer", "Flatten", "Dense", "Dense", "Dense"]
    assert [one.arguments for one in spec.layers] == [
        {"batch_shape": [28, 28, 1]}, {}, {"units": 64, "activation": "relu"},
        {"units": 64, "activation": "relu"}, {"units": 10, "activation": "softmax"},
    ]  # fmt: skip
    assert spec.nodes[1:] == tuple(NodeSpec(layer=n, inputs=(TensorRef(node=n - 1),)) for n in range(1, 5))
    assert spec.outputs == (TensorRef(node=4),)


def test_names_and_parameter_counts_decide_nothing():
    other = [
        one.model_copy(update={"name": f"n{i}", "uid": 90 + i, "params": i}) for i, one in enumerate(MLP_LAYERS)
    ]
    assert canonical(graph(*other)) == canonical(graph(*MLP_LAYERS))


def test_a_frozen_layer_is_another_network():
    frozen = [one.model_copy(update={"trainable": False}) for one in MLP_LAYERS]
    assert canonical(graph(*frozen)) != canonical(graph(*MLP_LAYERS))


def test_specs_survive_json():
    spec = canonical(graph(image_input(), conv2d(4), flatten(), dense(10, kernel_regularizer="L2")))
    assert ModelSpec.model_validate_json(spec.model_dump_json()) == spec


def test_layers_are_shared():
    layers = (image_input(4), dense(4))
    nodes = (NodeRecord(layer=0), NodeRecord(layer=1, inputs=(TensorRef(node=0),)),
             NodeRecord(layer=1, inputs=(TensorRef(node=1),)))  # fmt: skip
    spec = canonical(graph(*layers, nodes=nodes, outputs=(TensorRef(node=2),)))
    assert [node.layer for node in spec.nodes] == [0, 1, 1]


# --- arithmetic in a model


@pytest.mark.parametrize(
    ("arguments", "constant", "first"),
    [
        ({"args": ["tensor", 255.0]}, 255.0, False),
        ({"args": [1, "tensor"]}, 1.0, True),
        ({"args": ["tensor"], "kwargs": {"x2": 0.10000000149011612}}, 0.1, False),
        ({"args": ["tensor", 1e300]}, 1e300, False),
    ],
)
def test_arithmetic_with_a_constant(arguments, constant, first):
    node = canonical(operation("TrueDivide", arguments)).nodes[1]
    assert (node.constant, node.constant_first) == (constant, first)


def test_arithmetic_of_two_tensors():
    twice = operation("Add", {"args": ["tensor", "tensor"]}, inputs=(TensorRef(node=0), TensorRef(node=0)))
    assert canonical(twice).nodes[1].constant is None


@pytest.mark.parametrize(
    "arguments",
    [
        {}, {"args": ["tensor", 1, 2]}, {"args": ["tensor", True]}, {"args": ["tensor", "255"]}, {"args": 3},
        {"kwargs": [1.0]}, {"args": ["tensor", float("inf")]}, {"args": ["tensor", 10**400]},
    ],
)  # fmt: skip
def test_other_arithmetic_is_refused(arguments):
    assert (
        refusal(operation("Multiply", arguments)) == "the operation `Multiply` is used in a way that is not rebuilt"
    )


def test_other_operations_are_refused():
    assert "`ops.Exp` (op) is a layer that is not on the list" in refusal(operation("Exp", {}))


# --- refusals


def test_no_layers():
    assert refusal(Graph()) == "the model has no layers that could be rebuilt"


def test_too_many_layers():
    assert refusal(graph(*[dense(1)] * 300)) == "the model has 300 layers; at most 256 are built"


def test_a_layer_class_of_the_students_own():
    assert refusal(graph(image_input(), layer("custom:Capsule", name="caps"))) == (
        "`Capsule` (caps) is a layer class of the hand-in's own that is not on the list of what can be trained"
    )


def test_a_layer_of_keras_that_is_not_trained():
    assert refusal(graph(image_input(), layer("Lambda", name="l"))) == (
        "`Lambda` (l) is a layer that is not on the list of what can be trained"
    )


def test_an_argument_names_its_layer():
    said = refusal(graph(image_input(), dense(10**9, name="huge")))
    assert said == "layer `Dense` (huge): units: 1000000000 lies outside 1 … 65,536"


def test_an_input_without_a_shape():
    assert refusal(graph(layer("InputLayer", name="i"), dense(1))) == "layer `InputLayer` (i) has no shape"


ELSEWHERE = "the model's graph refers to a layer or a tensor that does not exist"


@pytest.mark.parametrize(
    "nodes",
    [
        (NodeRecord(layer=0), NodeRecord(layer=2, inputs=(TensorRef(node=0),))),
        (NodeRecord(layer=0), NodeRecord(layer=1, inputs=(TensorRef(node=1),))),
        (NodeRecord(layer=1, inputs=(TensorRef(node=1),)), NodeRecord(layer=0)),
        (NodeRecord(layer=0), NodeRecord(layer=1, inputs=(TensorRef(node=0, output=1),))),
    ],
    ids=["no such layer", "itself", "a later one", "no such tensor"],
)
def test_references_must_exist(nodes):
    assert refusal(graph(image_input(4), dense(1), nodes=nodes, outputs=(TensorRef(node=1),))) == ELSEWHERE


@pytest.mark.parametrize("ref", [TensorRef(node=5), TensorRef(node=4, output=1)])
def test_outputs_must_exist(ref):
    assert (
        refusal(graph(*MLP_LAYERS, outputs=(ref,))) == "the model's output refers to a tensor that does not exist"
    )


# --- what a layer weighs, before it is made

IMAGES = (None, 28, 28, 64)


@pytest.mark.parametrize(
    ("class_name", "arguments", "weights"),
    [
        ("PReLU", {}, 28 * 28 * 64),
        ("PReLU", {"shared_axes": [1, 2]}, 64),
        ("PReLU", {"shared_axes": 3}, 28 * 28),
        ("BatchNormalization", {}, 4 * 64),
        ("LayerNormalization", {"axis": [1, 2, 3]}, 4 * 28 * 28 * 64),
        ("LayerNormalization", {"axis": 7}, 4),
        ("Dense", {"units": 10}, 640),
        ("Conv2D", {"filters": 8, "kernel_size": [3, 3]}, 9 * 64 * 8),
        ("Flatten", {}, 0),
    ],
)
def test_weights_are_counted_before_a_layer_is_made(class_name, arguments, weights):
    assert models._weights(LayerSpec(class_name=class_name, arguments=arguments), IMAGES) == weights


# --- any graph

REFS = st.builds(TensorRef, node=st.integers(0, 4), output=st.integers(0, 1))
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(["tensor", "relu", "same"])
CONFIGS = st.dictionaries(
    st.sampled_from(["units", "activation", "batch_shape", "kernel_size", "filters", "rate", "axis"]),
    SCALARS | st.lists(SCALARS, max_size=3), max_size=3,
)  # fmt: skip
ANY_LAYERS = st.builds(
    layer,
    st.sampled_from(["InputLayer", "Dense", "ops.Add", "custom:X", ""]) | st.sampled_from(sorted(LAYERS)),
    CONFIGS,
)
NODES = st.builds(
    NodeRecord, layer=st.integers(0, 4), inputs=st.lists(REFS, max_size=2).map(tuple),
    arguments=st.dictionaries(st.sampled_from(["args", "kwargs"]), SCALARS | st.lists(SCALARS, max_size=3)),
)  # fmt: skip
GRAPHS = st.builds(
    Graph, layers=st.lists(ANY_LAYERS, max_size=4).map(tuple), nodes=st.lists(NODES, max_size=5).map(tuple),
    outputs=st.lists(REFS, max_size=2).map(tuple),
)  # fmt: skip


@given(GRAPHS)
def test_any_graph_gives_a_spec_or_refused(thing):
    try:
        spec = canonical(thing)
    except Refused as refused:
        assert str(refused)
        return
    assert len(spec.nodes) == len(thing.nodes)
    for number, node in enumerate(spec.nodes):
        assert node.layer < len(spec.layers)
        assert all(ref.node < number and ref.output == 0 for ref in node.inputs)
    assert all(ref.node < len(spec.nodes) for ref in spec.outputs)


@given(st.lists(st.sampled_from([dense(8, "relu"), flatten(), layer("Dropout", {"rate": 0.4})]), max_size=6))
def test_chains_keep_their_layers(layers):
    spec = canonical(graph(image_input(28, 28), *layers))
    assert [one.class_name for one in spec.layers[1:]] == [one.class_name for one in layers]
    assert all(isinstance(one, LayerSpec) for one in spec.layers)
