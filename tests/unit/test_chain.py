"""Fits that build on each other: parents and ancestors, calls of `fit` that are one training, arrays that networks
compute, and what a recording may claim that is not so."""

from types import SimpleNamespace

import numpy as np
import pytest
from evidence import SALT, data, dense, digits, fit, flatten, image_input, images, labels, model_facts, sgd
from hypothesis import given
from hypothesis import strategies as st

from harness.allowlist import Refused
from harness.assignment import load
from harness.dryrun import DryRun
from harness.grading import Grader
from harness.recording import Component, Derivation, LayerState, ModelRecord, Recording, Rows
from harness.results import SubmissionFacts
from harness.training.cache import RunCache
from harness.training.chain import Chains
from harness.training.from_recording import Recipes
from harness.training.recipe import Scale, training_arrays

DIGITS = digits()


def counted(*layers):
    """Layers with weights of their own to start from: params as a recorder counts them."""
    return tuple(one.model_copy(update={"params": 1 if one.class_name == "Dense" else 0}) for one in layers)


MLP = counted(image_input(), flatten(), dense(64, "relu"), dense(64, "relu"), dense(10, "softmax"))
WEIGHTED = (3, 4, 5)  # the uids of the dense layers


def states(name, uids=WEIGHTED, of=None):
    return tuple(LayerState(layer=uid, fit=name, of=uid if of is None else of) for uid in uids)


def first(**changes):
    return fit(*MLP, **{"id": "fit-1", **changes})


def then(name="fit-2", after="fit-1", **changes):
    """A fit that only goes on from another one."""
    return fit(*MLP, **{"id": name, "previous": (after,), "states": states(after), "continues": after, **changes})


def recipes(*fits, scale=None, scales=None, models=(), frames=None):
    return Recipes(Recording(fits=fits, models=models), frames or {}, DIGITS, scale, scales)


def refusal(name, *fits, **more):
    with pytest.raises(Refused) as refused:
        recipes(*fits, **more).of(name)
    return str(refused.value)


# --- calls of fit that are one training


def test_calls_that_only_go_on_are_one_training_of_all_their_epochs():
    made = recipes(first(epochs=4), then(epochs=6)).of("fit-2")
    assert made.recipe == recipes(first(epochs=10)).of("fit-1").recipe
    assert made.merged == (("fit-1", 4), ("fit-2", 6))
    assert (made.ancestors, made.notes) == ((), ())


def test_ten_calls_of_one_epoch_are_ten_epochs():
    fits = [first(epochs=1)]
    fits += [then(f"fit-{n}", f"fit-{n - 1}", epochs=1) for n in range(2, 11)]
    assert recipes(*fits).of("fit-10").recipe == recipes(first()).of("fit-1").recipe


def test_of_many_epochs_in_all_the_first_are_trained_and_it_says_so():
    fits = [
        first(epochs=300),
        then(epochs=200),
        then("fit-3", "fit-2", epochs=99),
        then("fit-4", "fit-3", epochs=1),
    ]
    made = recipes(*fits)
    assert made.of("fit-2").notes == ()
    for name, asked in (("fit-3", 599), ("fit-4", 600)):
        assert made.of(name).recipe == made.of("fit-2").recipe
        assert made.of(name).notes == (f"Its fits add up to {asked} epochs; at most 500 are trained.",)
    assert made.of("fit-4").merged == (("fit-1", 300), ("fit-2", 200), ("fit-3", 99), ("fit-4", 1))


def test_an_inspected_fit_tells_all_the_epochs_that_were_asked_for():
    looking = SimpleNamespace(inspect=lambda *_: model_facts(), describe=lambda *_: {})
    grader = Grader(load("dat405_a7"), DIGITS, "quick", looking, RunCache(None))
    run = DryRun(Recording(fits=(first(epochs=300), then(epochs=300))))
    found = grader.inspect(SubmissionFacts(name="group-7", sha256=""), run).fits
    assert [found[name].epochs for name in ("fit-1", "fit-2")] == [300, 600]


def test_a_training_of_very_many_calls_is_refused():
    fits = [first(epochs=1)]
    fits += [then(f"fit-{n}", f"fit-{n - 1}", epochs=1) for n in range(2, 1002)]
    made = recipes(*fits)
    assert made.of("fit-1000").recipe.epochs == 500
    with pytest.raises(Refused, match="it is trained by more than 1,000 fits, one going on from the other"):
        made.of("fit-1001")


def test_noise_that_may_be_drawn_for_each_call_is_drawn_once_and_it_says_so():
    noisy = data(x=images(noise=SALT))
    made = recipes(first(data=noisy), then(data=noisy))
    assert made.of("fit-1").notes == ()
    assert made.of("fit-2").notes == ("The noise is drawn once here, and not for each fit.",)
    apart = recipes(first(data=noisy), then(data=noisy, continues=None)).of("fit-2")
    assert apart.notes == ()  # trainings of their own, each with its noise


def test_ancestors_that_have_a_recipe_are_not_looked_at_again():
    chains = Chains(Recording(fits=(first(), then(), then("fit-3", "fit-2"))))
    assert [one.id for one in chains.up_to("fit-3")] == ["fit-1", "fit-2", "fit-3"]
    chains.keep(first(), lambda record: recipes(record).of(record.id), None)
    assert [one.id for one in chains.up_to("fit-3")] == ["fit-2", "fit-3"]


def test_a_scale_is_of_the_whole_training():
    made = recipes(first(epochs=4), then(epochs=6), scale=Scale(epochs=60, batch_size=32)).of("fit-2")
    assert made.recipe == recipes(first(), scale=Scale(epochs=60, batch_size=32)).of("fit-1").recipe
    assert made.merged == (("fit-1", 4), ("fit-2", 6))


OTHERWISE = {
    "another batch size": {"batch_size": 64},
    "other data": {"data": data(x=images(rows=Rows(kind="slice", count=30_000, stop=30_000)))},
    "a new compile": {"continues": None},
    "one layer is fresh": {"states": states("fit-1", WEIGHTED[:2])},
    "weights of another layer": {"states": states("fit-1", WEIGHTED[:2]) + states("fit-1", WEIGHTED[2:], of=4)},
    "another model": {"model": 7},
    "a callback": {"callbacks": (Component(class_name="EarlyStopping", config={"monitor": "loss"}),)},
    "a frozen layer": {
        "layers": tuple(one.model_copy(update={"trainable": one.uid != 4}) for one in first().layers)
    },
}


@pytest.mark.parametrize("name", OTHERWISE)
def test_what_goes_on_otherwise_starts_from_its_parent(name):
    made = recipes(first(), then(**OTHERWISE[name])).of("fit-2")
    parent = recipes(first()).of("fit-1").recipe
    assert [one.recipe for one in made.ancestors] == [parent]
    assert {start.parent for start in made.recipe.parent} == {parent.without_seed}
    assert [start.layer for start in made.recipe.parent] == [2, 3, 4][: len(made.recipe.parent)]
    assert made.recipe.epochs == 10


# --- parents


def test_a_parent_has_the_seed_of_its_child():
    made = recipes(first(), then(continues=None)).of("fit-2")
    second = made.with_seed(1)
    assert [one.recipe.seed for one in (*second.ancestors, second)] == [1, 1]
    assert second.recipe.parents == made.recipe.parents  # seeds are no part of it
    assert second.recipe.sha256 != made.recipe.sha256


def test_equal_chains_have_equal_hashes_whatever_the_fits_are_called():
    one = recipes(first(), then(continues=None)).of("fit-2").recipe
    other = recipes(first(id="a", model=4), then("b", "a", model=4, continues=None)).of("b").recipe
    fresh = recipes(first()).of("fit-1").recipe
    assert one == other
    assert len({one.sha256, fresh.sha256}) == 2


def test_ancestors_come_in_the_order_in_which_they_are_trained():
    third = then("fit-3", "fit-2", continues=None, batch_size=32)
    made = recipes(first(), then(continues=None), third).of("fit-3")
    assert [len(one.recipe.parent or ()) for one in made.ancestors] == [0, 3]
    assert made.recipe.parents == (made.ancestors[1].recipe.without_seed,)
    assert made.ancestors[1].recipe.parents == (made.ancestors[0].recipe.without_seed,)
    assert all(one.ancestors == () for one in made.ancestors)


def test_layers_without_weights_have_no_parent():
    shared = then(states=states("fit-1", (2,)), continues=None)  # the Flatten of the other model
    assert recipes(first(), shared).of("fit-2").recipe.parent is None


def test_a_parent_is_trained_as_its_own_task_has_it():
    own, other = Scale(epochs=3, batch_size=16), Scale(epochs=5, batch_size=32)
    made = recipes(first(), then(continues=None), scale=other, scales={"fit-1": own}).of("fit-2")
    assert [one.recipe.epochs for one in (*made.ancestors, made)] == [3, 5]
    as_handed_in = recipes(first(), then(continues=None), scale=other, scales={"fit-1": None}).of("fit-2")
    assert as_handed_in.ancestors[0].recipe.epochs == 10


@pytest.mark.parametrize(
    ("optimizer", "noted"),
    [(sgd(), False), (sgd(momentum=0.9), True), (Component(class_name="adam"), True)],
    ids=["SGD", "momentum", "Adam"],
)
def test_a_state_that_is_not_kept_is_said(optimizer, noted):
    made = recipes(first(optimizer=optimizer), then(optimizer=optimizer, batch_size=64)).of("fit-2")
    kept = "from the fit in assignment.ipynb, cell 4, line 3; here it starts afresh."
    assert [note.endswith(kept) for note in made.notes] == [True] * noted
    compiled = recipes(first(optimizer=optimizer), then(optimizer=optimizer, continues=None)).of("fit-2")
    assert compiled.notes == ()  # a new compile starts afresh in Keras too


# --- what is not so


def test_a_failed_parent_refuses_its_child_with_the_reason():
    broken = first(loss=Component(class_name="custom:mine"))
    assert refusal("fit-2", broken, then()) == (
        "it starts from the weights of the fit in assignment.ipynb, cell 4, line 3, which is not trained: the loss "
        "'mine' is not on the list of what can be trained"
    )


def test_a_parent_must_have_run_before():
    said = "it starts from the weights of {}, which is no fit that ran before"
    assert refusal("fit-2", then()) == said.format("fit-1")
    assert refusal("fit-2", then(), first()) == said.format("fit-1")
    assert refusal("fit-2", first(), then(states=states("fit-2"))) == said.format("fit-2")


def test_two_that_start_from_each_other_are_refused():
    circle = [then("a", "b", continues=None), then("b", "a", continues=None)]
    for name in "ab":
        assert "which is no fit that ran before" in refusal(name, *circle)


def test_a_layer_that_the_parent_does_not_have():
    assert refusal("fit-2", first(), then(states=states("fit-1", of=99))) == (
        "it starts from a layer that the fit in assignment.ipynb, cell 4, line 3 does not have"
    )


def test_a_chain_that_is_too_long():
    fits = [first()]
    fits += [then(f"fit-{n}", f"fit-{n - 1}", continues=None, batch_size=n) for n in range(2, 80)]
    made = recipes(*fits)
    assert len(made.of("fit-65").ancestors) == 64
    with pytest.raises(Refused, match="the fit builds on 65 others; at most 64 are trained for one"):
        made.of("fit-66")


def test_a_fit_that_is_not_there():
    assert refusal("fit-9", first()) == "there is no fit fit-9"


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5), st.booleans()), max_size=5))
def test_any_references_give_recipes_or_refused(claims):
    """Whatever fits claim to start from: each is made, or refused in a sentence; parents always come first."""
    fits = [
        then(f"f{n}", f"f{start}", states=states(f"f{start}"), continues=f"f{goes_on}" if goes else None)
        for n, (start, goes_on, goes) in enumerate(claims)
    ]
    made = recipes(first(id="f5"), *fits)
    for record in fits:
        try:
            prepared = made.of(record.id)
        except Refused as reason:
            assert str(reason)
            continue
        ready = set()
        for one in (*prepared.ancestors, prepared):
            assert set(one.recipe.parents) <= ready
            ready.add(one.recipe.without_seed)


# --- arrays that a network computes

ENCODER = ModelRecord(
    uid=50, name="encoder", kind="functional", params=1,
    **{name: getattr(fit(*MLP[:3]), name) for name in ("layers", "nodes", "outputs")},
)  # fmt: skip


def codes(rows=None, model=50, given_array=None, **changes):
    """What the encoder, trained by the first fit, makes of the training images."""
    made = Derivation(model=model, given=given_array or images(), states=states("fit-1", (3,)), rows=rows)
    whole = {"shape": (60_000, 64), "source": None, "rows": None, "encoding": None, "scale": 1.0}
    return images(**{**whole, "derived": made, **changes})


def on_codes(x=None, **changes):
    return fit(image_input(64), dense(10, "softmax"), id="fit-2", data=data(x=x or codes(), **changes))


def test_an_array_that_a_network_computes_names_its_parent():
    made = recipes(first(), on_codes(), models=(ENCODER,)).of("fit-2")
    spec = made.recipe.x
    parent = made.ancestors[0].recipe
    assert (spec.part, spec.encoding, spec.item_shape, spec.count) == ("derived", "values", (64,), 1437)
    assert [(start.layer, start.parent, start.of) for start in spec.derived.starts] == [(2, parent.without_seed, 2)]
    assert spec.derived.given == parent.x
    assert made.recipe.parents == (parent.without_seed,)
    assert made.recipe.parent is None  # its own layers are fresh
    assert made.recipe.classifier


def test_a_network_of_unknown_weights_is_not_replaced_by_a_fresh_one():
    whole = codes()
    unknown = whole.derived.model_copy(update={"unknown": "its layer `code` starts from weights that no fit left"})
    said = refusal("fit-2", first(), on_codes(whole.model_copy(update={"derived": unknown})), models=(ENCODER,))
    assert said == (
        "the inputs are what another network computes, and its layer `code` starts from weights that no fit left; "
        "such inputs cannot be made from the evaluation images"
    )


def test_it_is_computed_from_the_same_images_and_the_labels_stay_with_them():
    made = recipes(first(), on_codes(validation_split=0.2), models=(ENCODER,)).of("fit-2")
    seen = []

    def derive(spec, given_images):
        seen.append(given_images)
        return np.full((len(given_images), 64), 7.0, np.float32)

    x, y = training_arrays(made, DIGITS, derive)
    assert (x.shape, y.shape) == ((1149, 64), (1149, 10))
    np.testing.assert_allclose(seen[0][..., 0], DIGITS.x_train[:1149] / 255, rtol=1e-6)
    assert np.array_equal(y.argmax(axis=1), DIGITS.y_train[:1149])


def between(start, stop):
    return Rows(kind="slice", count=stop - start, start=start, stop=stop)


@pytest.mark.parametrize(
    ("given_rows", "chosen", "same_as"),
    [
        (None, between(0, 30_000), between(0, 30_000)),
        (between(20_000, 60_000), between(5, 105), between(20_005, 20_105)),
        (between(20_000, 60_000), Rows(kind="all", count=40_000), between(20_000, 60_000)),
    ],
)
def test_rows_of_rows(given_rows, chosen, same_as):
    given_array = images(rows=given_rows) if given_rows else images()
    x = codes(rows=chosen, given_array=given_array, shape=(chosen.count, 64))
    derived = recipes(first(), on_codes(x), models=(ENCODER,)).of("fit-2")
    plain = recipes(first(data=data(x=images(rows=same_as)))).of("fit-1")
    assert derived.recipe.x.rows == plain.recipe.x.rows


def test_rows_of_rows_that_are_listed():
    given_array = images(rows=Rows(kind="slice", count=1000, start=400, stop=1400))
    x = codes(rows=Rows(kind="listed", count=3, frame="r"), given_array=given_array, shape=(3, 64))
    frames = {"r": np.array([2, 1, 0], "i4")}
    made = recipes(first(), on_codes(x), models=(ENCODER,), frames=frames).of("fit-2")
    assert made.arrays[made.recipe.x.rows].tolist() == [402, 401, 400]
    frames = {"r": np.array([2, 1, 1000], "i4")}
    assert "name images that do not exist" in refusal(
        "fit-2", first(), on_codes(x), models=(ENCODER,), frames=frames
    )


def test_a_network_that_computes_twice():
    twice = codes(given_array=codes(shape=(60_000, 28, 28, 1)))
    made = recipes(first(), on_codes(twice), models=(ENCODER,)).of("fit-2")
    assert made.recipe.x.derived.given.derived.given.part == "train"
    assert len(made.ancestors) == 1


def test_a_model_that_was_not_recorded():
    assert refusal("fit-2", first(), on_codes(codes(model=51)), models=(ENCODER,)) == (
        "the inputs are what another model computes, and that model was not recorded"
    )


def test_targets_that_a_network_computes_are_no_classes():
    targets = codes(shape=(60_000, 64))
    record = on_codes().model_copy(update={"data": data(y=targets)})
    made = recipes(first(), record, models=(ENCODER,)).of("fit-2")
    assert (made.recipe.y.encoding, made.recipe.classifier) == ("values", False)


def test_noise_below_a_network_is_part_of_the_recipe():
    noisy = codes(given_array=images(noise=SALT))
    made = recipes(first(), on_codes(noisy), models=(ENCODER,)).of("fit-2").recipe
    assert made.x.derived.given.noise == SALT
    assert made.sha256 != recipes(first(), on_codes(), models=(ENCODER,)).of("fit-2").recipe.sha256


def test_labels_of_their_own_beside_computed_inputs():
    own = np.arange(60_000) % 10
    record = on_codes(y=labels(frame="own", source=None, labels_match=None))
    made = recipes(first(), record, models=(ENCODER,), frames={"own": own.astype("u1")}).of("fit-2")
    _, y = training_arrays(made, DIGITS, lambda _spec, given_images: np.zeros((len(given_images), 64)))
    assert y.argmax(axis=1)[:20].tolist() == own[:20].tolist()
