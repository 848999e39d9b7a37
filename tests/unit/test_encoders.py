"""The encoder is cut out of an autoencoder at its bottleneck, and a classifier is set on its codes."""

import numpy as np
import pytest
from evidence import chain, dense, images, network
from unit.codes_sample import DIGITS, FLAT, LAYERS, autoencoder, classifier, shaped

from harness.allowlist import Refused
from harness.encoders import bottleneck_of, until, values_of
from harness.models import canonical
from harness.recording import (
    Component,
    Derivation,
    Graph,
    LayerState,
    ModelRecord,
    NodeRecord,
    Recording,
    TensorRef,
)
from harness.training.codes import planned
from harness.training.from_recording import Recipes


def planned_of(encoding, telling, seeds=(0,)):
    recipes = Recipes(Recording(fits=(encoding, telling)), {}, DIGITS)
    return planned(network(encoding), recipes.of(encoding.id), network(telling), recipes.of(telling.id), seeds)


def test_the_bottleneck_is_the_last_of_the_narrowest_layers():
    cut = bottleneck_of(network(autoencoder()))
    assert (cut, values_of(network(autoencoder()), cut)) == (3, 12)
    encoder = until(autoencoder(), cut)
    assert [one.class_name for one in encoder.layers] == ["InputLayer", "Dense", "Dense", "LeakyReLU"]
    assert encoder.outputs[0].node == 3


@pytest.mark.parametrize("places", [(0, 5), (0, 1, 5)], ids=["one layer", "no narrower than another"])
def test_without_a_narrow_layer_there_is_no_bottleneck(places):
    wide = shaped(dense(784, "relu", "wide"), 784)
    layers = [LAYERS[0], *([wide] * (len(places) - 2)), LAYERS[5]]
    assert bottleneck_of(network(autoencoder(*layers))) is None


def test_what_the_code_does_not_need_is_left_out():
    """Two branches from the input, one of them through the code, which are added up at the end."""
    whole = chain(*LAYERS)
    branch = NodeRecord(layer=5, inputs=(TensorRef(node=1),))
    graph = Graph(layers=whole["layers"], nodes=(*whole["nodes"][:2], branch, *(
        one.model_copy(update={"inputs": (TensorRef(node=1 if number == 2 else number),)})
        for number, one in enumerate(whole["nodes"][2:], 2)
    )), outputs=(TensorRef(node=6),))  # fmt: skip
    encoder = until(graph, 4)
    assert [one.name for one in encoder.layers] == ["inputlayer", "a", "code", "leakyrelu"]
    assert [ref.node for node in encoder.nodes for ref in node.inputs] == [0, 1, 2]


def test_the_recipe_on_codes_is_that_of_a_hand_in_which_trains_on_its_own_encoder():
    """Equal recipes are trained once: a right hand-in costs no training more."""
    encoding = autoencoder()
    states = tuple(LayerState(layer=one.uid, fit="fit-1", of=one.uid) for one in encoding.layers[:4] if one.params)
    made = Derivation(model=9, given=FLAT, states=states)
    codes = images(shape=(60_000, 12), derived=made, source=None, rows=None, encoding=None)
    telling = classifier(codes, 12)
    encoder = until(encoding, 3)
    own = Recipes(
        Recording(
            fits=(encoding, telling),
            models=(ModelRecord(uid=9, name="encoder", kind="functional", **encoder.model_dump()),),
        ),
        {},
        DIGITS,
    )
    plan = planned(network(encoding), own.of("fit-1"), network(telling), own.of("fit-2"), (0,))
    assert plan.on_codes.recipe == own.of("fit-2").recipe
    assert plan.on_codes.recipe.parents == (own.of("fit-1").recipe.without_seed,)
    assert [one.recipe for one in plan.on_codes.ancestors] == [own.of("fit-1").recipe]


def test_both_recipes_differ_in_their_inputs_alone():
    plan = planned_of(autoencoder(), classifier(FLAT, 784), (0, 1))
    codes, pixels = plan.on_codes.recipe, plan.on_pixels.recipe
    assert plan.values == 12
    assert codes.model.layers[1:] == pixels.model.layers[1:]
    assert (codes.y, codes.epochs, codes.batch_size) == (pixels.y, pixels.epochs, pixels.batch_size)
    assert codes.x.rows == pixels.x.rows and codes.x.count == pixels.x.count
    assert (codes.x.item_shape, pixels.x.item_shape) == ((12,), (784,))
    assert codes.x.derived.given.noise is None  # the codes of clean images
    assert len(np.unique(plan.on_codes.arrays[codes.x.rows])) == 1077  # three quarters of 1,437


def test_on_pixels_it_is_the_recipe_that_was_handed_in():
    recipes = Recipes(Recording(fits=(classifier(FLAT, 784),)), {}, DIGITS)
    assert planned_of(autoencoder(), classifier(FLAT, 784)).on_pixels.recipe == recipes.of("fit-2").recipe


def test_an_autoencoder_without_a_bottleneck_has_no_codes():
    with pytest.raises(Refused, match="no bottleneck"):
        planned_of(autoencoder(LAYERS[0], LAYERS[5]), classifier(FLAT, 784))


def test_the_encoder_is_rebuilt_as_any_network():
    assert [one.class_name for one in canonical(until(autoencoder(), 3)).layers][-1] == "LeakyReLU"


def test_what_steers_a_training_is_left_out_on_both_sides_and_it_says_so():
    plain, steered = classifier(FLAT, 784), [
        Component(class_name="EarlyStopping", config={"monitor": "val_loss", "patience": 3}),
        Component(class_name="ReduceLROnPlateau", config={"monitor": "loss"}),
        Component(class_name="ReduceLROnPlateau", config={"monitor": "val_loss"}),
    ]  # fmt: skip
    plan = planned_of(autoencoder(), classifier(FLAT, 784, callbacks=tuple(steered)))
    without = planned_of(autoencoder(), plain)
    assert (plan.on_codes.recipe, plan.on_pixels.recipe) == (without.on_codes.recipe, without.on_pixels.recipe)
    assert plan.notes == (
        "Both were trained without your EarlyStopping and ReduceLROnPlateau, for 10 epochs each.",
    )
    assert without.notes == ()
