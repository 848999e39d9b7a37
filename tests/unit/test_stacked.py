"""An encoder under a classifier in one model is known by its layers, and by where its weights come from."""

import pytest
from evidence import chain, dense, images, layer, model_facts, network
from evidence import layer_facts as of_layer
from unit.codes_sample import DIGITS, FLAT, autoencoder, classifier, shaped

from harness.recording import LayerState, Recording, SelfTrainedRecord
from harness.stacked import stacked, with_stacked
from harness.training.from_recording import Recipes

AE = autoencoder()
SHARED = AE.layers[:4]  # the input, 64, the code of 12, LeakyReLU
CODE = {"fits": ("fit-1",), "of": (2, 3, 4), "layers": 3, "values": 12}


def own(*layers, uid=50):
    """Layers of a model's own."""
    return tuple(one.model_copy(update={"uid": uid + number}) for number, one in enumerate(layers))


HEAD = own(shaped(dense(8, "relu"), 8), shaped(dense(10, "softmax"), 10))


def frozen(layers=SHARED):
    return tuple(one.model_copy(update={"trainable": False}) for one in layers)


def fitted(*layers, states=None, **changes):
    """A fit on images and labels of a network of these layers, which keep their identities; `states`: (layer, fit,
    the layer there), by default those of the autoencoder's own."""
    graph = {**chain(*layers), "layers": layers}
    if states is None:
        states = [(one.uid, "fit-1", one.uid) for one in layers if one.params and one.uid < 50]
    own_states = tuple(LayerState(layer=one, fit=name, of=of) for one, name, of in states)
    whole = {**graph, "id": "fit-2", "model": 9, "states": own_states, **changes}
    return classifier(FLAT, 784).model_copy(update=whole)


def seen(*fits, **more):
    found = stacked(Recording(fits=fits, **more))
    return {name: one.model_dump(exclude_defaults=True) for name, one in found.items()}


def test_a_frozen_encoder_under_a_classifier():
    assert seen(AE, fitted(*frozen(), *HEAD)) == {"fit-2": CODE}


def test_one_that_labels_train_too():
    assert seen(AE, fitted(*SHARED, *HEAD)) == {"fit-2": {**CODE, "changed": True}}


def test_one_that_an_earlier_fit_on_labels_changed():
    tuned = fitted(*SHARED, *HEAD, id="fit-2")
    states = [(one.uid, "fit-2", one.uid) for one in (*SHARED, *HEAD) if one.params]
    again = fitted(*frozen(), *HEAD, id="fit-3", states=states, previous=("fit-2",))
    assert seen(AE, tuned, again) == {name: {**CODE, "changed": True} for name in ("fit-2", "fit-3")}


def test_a_second_fit_of_the_head_leaves_the_encoder_as_it_was():
    states = [(2, "fit-1", 2), (3, "fit-1", 3), (50, "fit-2", 50), (51, "fit-2", 51)]
    again = fitted(*frozen(), *HEAD, id="fit-3", states=states, previous=("fit-2",))
    assert seen(AE, fitted(*frozen(), *HEAD), again) == {"fit-2": CODE, "fit-3": CODE}


def test_copied_weights_are_told_by_where_they_come_from():
    copies = own(*frozen(SHARED[:3]), uid=70)
    states = [(71, "fit-1", 2), (72, "fit-1", 3)]
    assert seen(AE, fitted(*copies, *HEAD, states=states)) == {
        "fit-2": {"fits": ("fit-1",), "of": (2, 3), "layers": 2, "values": 12}
    }


def test_layers_that_act_at_random_are_told():
    dropout = shaped(layer("Dropout", {"rate": 0.3}), 12).model_copy(update={"uid": 30})
    whole = autoencoder(*AE.layers[:4], dropout, *AE.layers[4:])
    shared = whole.layers[:5]
    assert seen(whole, fitted(*frozen(shared), *HEAD))["fit-2"]["at_random"]


@pytest.mark.parametrize(
    "fits",
    [
        (AE, fitted(*own(*SHARED, uid=70), *HEAD, states=())),
        (AE, fitted(*frozen(), *HEAD, states=())),
        (fitted(*frozen(), *HEAD), AE),
        (AE, fitted(*frozen(), states=())),
        (AE, fitted(*own(*HEAD, uid=80), *SHARED[1:], *HEAD)),
        (AE, fitted(*frozen(), *HEAD, states=[(2, "fit-2", 2), (3, "fit-9", 3)])),
        (fitted(*HEAD, states=(), id="fit-1"), fitted(*HEAD, states=[(50, "fit-1", 50), (51, "fit-1", 51)])),
    ],
    ids=[
        "fresh copies",
        "reset",
        "before the autoencoder",
        "no head",
        "not first",
        "claims",
        "a classifier goes on",
    ],
)
def test_what_is_no_trained_encoder_under_a_classifier(fits):
    assert seen(*fits) == {}


def test_what_also_takes_the_images_is_not_on_codes_alone():
    made = fitted(*frozen(), *HEAD)
    nodes = list(made.nodes)
    nodes[5] = nodes[5].model_copy(update={"inputs": (*nodes[5].inputs, nodes[1].inputs[0])})
    assert seen(AE, made.model_copy(update={"nodes": tuple(nodes)})) == {}


@pytest.mark.parametrize("fault", ["problem", "error"])
def test_unknown_weights_are_told_by_the_layers_themselves(fault):
    loop = SelfTrainedRecord(
        id="own-1", model=7, how="gradient_tape", layers=AE.layers, nodes=AE.nodes, outputs=AE.outputs
    )
    made = fitted(*frozen(), *HEAD, states=(), **{fault: "its layer `code` starts from weights that no fit left"})
    assert seen(made, self_trained=(loop,)) == {"fit-2": {**CODE, "fits": ("own-1",), "known": False}}


def rebuilt(code=12, **third):
    """What trusted code sees of a frozen encoder and HEAD."""
    sizes = ((64, 64, 9), (code, 12, 9), (None, code, 0), (8, 8, 104), (10, 10, 90))
    names = ("Dense", "Dense", "LeakyReLU", "Dense", "Dense")
    layers = [
        of_layer(name, units, params=params, output_shape=(None, size))
        for name, (units, size, params) in zip(names, sizes, strict=True)
    ]
    layers[2] = layers[2].model_copy(update=third)
    return model_facts(tuple(layers))


@pytest.mark.parametrize("facts", [rebuilt(code=20), rebuilt(params=7)], ids=["another size", "weights unsaid"])
def test_what_the_record_claims_must_be_so_in_the_rebuilt_network(facts):
    record = fitted(*frozen(), *HEAD)
    _, whole = with_stacked([network(AE), network(record, facts)], Recording(fits=(AE, record)))
    assert whole.evidence.stacked is None


@pytest.mark.parametrize("change", ["layer", "input", "output"])
def test_a_graph_that_points_nowhere_is_passed_over(change):
    """It is refused where it would be rebuilt; the others are looked at."""
    good, made = fitted(*frozen(), *HEAD, id="fit-3"), fitted(*frozen(), *HEAD)
    nodes, outputs = list(made.nodes), made.outputs
    if change == "layer":
        nodes[2] = nodes[2].model_copy(update={"layer": 77})
    elif change == "input":
        nodes[2] = nodes[2].model_copy(update={"inputs": (nodes[2].inputs[0].model_copy(update={"node": 77}),)})
    else:
        outputs = (outputs[0].model_copy(update={"node": 77}),)
    broken = made.model_copy(update={"nodes": tuple(nodes), "outputs": outputs})
    without_labels = broken.model_copy(update={"id": "fit-4", "data": broken.data.model_copy(update={"y": None})})
    assert seen(AE, broken, without_labels, good) == {"fit-3": CODE}


def test_its_own_layers_are_what_stands_above():
    record = fitted(*frozen(), *HEAD)
    below, whole = with_stacked([network(AE), network(record, rebuilt())], Recording(fits=(AE, record)))
    assert (whole.on_codes, whole.hidden_units, whole.params) == (True, (64, 12, 8), 212)
    assert (whole.head.hidden_units, whole.head.params, whole.head.facts.input_shape) == ((8,), 194, (12,))
    assert (below.on_codes, below.head) == (False, below)


def test_it_is_trained_as_it_was_handed_in():
    made = Recipes(Recording(fits=(AE, fitted(*frozen(), *HEAD))), {}, DIGITS).of("fit-2").recipe
    assert [(start.layer, start.of) for start in made.parent] == [(1, 1), (2, 2)]
    assert [one.trainable for one in made.model.layers] == [False] * 4 + [True] * 2
    assert (made.x.part, made.x.item_shape) == ("train", (784,))


def test_what_comes_of_a_network_s_answers_is_not_images():
    computed = images(source=None, rows=None, not_kept="it was computed from answers", of_answers=True)
    assert network(classifier(computed, 12)).on_codes
    assert not network(classifier(images(source=None, rows=None), 12)).on_codes
