"""The allow-list: what a layer, an optimizer and a loss may be, and how equal ones come out equal."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import compiling
from harness.allowlist import INITIALIZERS, LAYERS, arguments, canonical_float, component
from harness.compiling import LOSSES, OPTIMIZERS

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
    | st.sampled_from(["L2", "relu", "GlorotUniform", "valid", "channels_last", 1e300, 10**400]),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(st.sampled_from(["class_name", "config", "l2", "units", "?"]), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


def dense(**config):
    return arguments(LAYERS["Dense"], config)


# --- canonical form


def test_defaults_are_dropped():
    written_out = dense(
        units=64, activation="relu", use_bias=True, kernel_regularizer=None, name="hidden", dtype="float32",
        kernel_initializer={"class_name": "GlorotUniform", "config": {"seed": None}}, bias_initializer="zeros",
    )  # fmt: skip
    assert written_out == dense(units=64, activation="relu") == {"units": 64, "activation": "relu"}


def test_what_differs_from_the_default_is_kept():
    kept = dense(units=64, use_bias=False, kernel_initializer="he_normal")
    assert kept == {"units": 64, "use_bias": False, "kernel_initializer": ["HeNormal", {}]}


def test_a_new_keras_may_write_more_that_is_off():
    assert dense(units=64, lora_rank=None, quantized=False) == {"units": 64}


def test_seeds_are_ours():
    given_seed = {"class_name": "GlorotUniform", "config": {"seed": 17}}
    assert dense(units=64, kernel_initializer=given_seed) == {"units": 64}
    assert arguments(LAYERS["Dropout"], {"rate": 0.4, "seed": 3}) == {"rate": 0.4}


@pytest.mark.parametrize(
    ("recorded", "written"),
    [
        (0.10000000149011612, 0.1),
        (0.0010000000474974513, 0.001),
        (0.1, 0.1),
        (1 / 3, 1 / 3),
        (0.0, 0.0),
        (1e-6, 1e-6),
    ],
)
def test_floats_are_as_they_were_written(recorded, written):
    assert canonical_float(recorded) == written


def test_a_float_beyond_float32_stays():
    assert canonical_float(1e300) == 1e300


@given(st.floats(-1e6, 1e6))
def test_canonical_floats_stay_canonical_and_close(value):
    once = canonical_float(value)
    assert canonical_float(once) == once
    assert once == pytest.approx(value, rel=1e-6)


@pytest.mark.parametrize("units", [64, 64.0])
def test_whole_numbers_are_integers(units):
    assert repr(dense(units=units)) == "{'units': 64}"


@pytest.mark.parametrize("word", ["mse", "MSE", "mean_squared_error", "MeanSquaredError", {"class_name": "mse"}])
def test_short_names_of_losses(word):
    assert compiling.loss(word) == ["MeanSquaredError", {}]


def test_loss_arguments():
    said = {"class_name": "CategoricalCrossentropy", "config": {"from_logits": True, "label_smoothing": 0.0}}
    assert compiling.loss(said) == ["CategoricalCrossentropy", {"from_logits": True}]


def test_an_activation_may_be_a_layer():
    leaky = {"class_name": "LeakyReLU", "config": {"negative_slope": 0.10000000149011612}}
    assert dense(units=1, activation=leaky)["activation"] == ["LeakyReLU", {"negative_slope": 0.1}]


# --- refusals


@pytest.mark.parametrize(
    ("class_name", "config", "sentence"),
    [
        ("Dense", {"units": 0}, "units: 0 lies outside 1 … 65,536"),
        ("Dense", {"units": 10**9}, "units: 1000000000 lies outside 1 … 65,536"),
        ("Dense", {"units": 6.5}, "units: 6.5 is not a whole number"),
        ("Dense", {"units": True}, "units: True is not a whole number"),
        ("Dense", {"units": "64"}, "units: '64' is not a whole number"),
        ("Dense", {"units": float("inf")}, "units: inf is not a whole number"),
        ("Dense", {"units": float("nan")}, "units: nan is not a whole number"),
        ("Dense", {"units": 64, "use_bias": 1}, "use_bias: 1 is neither True nor False"),
        (
            "Dense",
            {"units": 64, "lora_rank": 4},
            "its argument lora_rank=4 is not on the list of what",
        ),
        ("Dense", {"units": 64, "activation": "custom"}, "activation: the activation 'custom' is not on the list"),
        ("Dense", {"units": 64, "activation": 3}, "activation: 3 is no activation"),
        (
            "Dense",
            {"kernel_regularizer": {"class_name": "custom:Mine", "config": {}}},
            "regularizer 'custom:Mine'",
        ),
        (
            "Dense",
            {"kernel_regularizer": {"class_name": "L2", "config": {"l2": -1}}},
            "l2: -1 lies outside 0 …",
        ),
        ("Dense", {"kernel_regularizer": {"class_name": "L2", "config": {"l2": 10**400}}}, "is not a number"),
        ("Dropout", {"rate": 1.0}, "rate: 1.0 lies outside 0 … 0.999"),
        ("Dropout", {"rate": float("nan")}, "rate: nan is not a number"),
        ("Conv2D", {"kernel_size": [2000, 2000]}, "kernel_size: 2000 lies outside 1 … 1,024"),
        ("Conv2D", {"kernel_size": [1] * 7}, "kernel_size: 7 numbers, at most 6"),
        ("Conv2D", {"kernel_size": [[1, 2], 3]}, "kernel_size: [1, 2] is not a whole number"),
        ("Conv2D", {"padding": "reflect"}, "padding: 'reflect' is none of valid, same, causal"),
        ("InputLayer", {"batch_shape": [None, None, 28]}, "batch_shape: [None, None, 28] leaves a size open"),
        ("InputLayer", {"batch_shape": "(28, 28)"}, "batch_shape: '(28, 28)' is not the shape of a batch"),
        ("InputLayer", {"batch_shape": [None, 10**6]}, "lies outside 1 … 65,536"),
    ],
)
def test_absurd_values_are_refused_by_name(class_name, config, sentence):
    with pytest.raises(ValueError) as refused:
        arguments(LAYERS[class_name], config)
    assert sentence in str(refused.value)


def test_padding_of_two_numbers_a_side():
    assert arguments(LAYERS["ZeroPadding2D"], {"padding": [[2, 1], [0, 3]]}) == {"padding": [[2, 1], [0, 3]]}


def test_long_values_are_cut():
    with pytest.raises(ValueError) as refused:
        dense(units="6" * 1000)
    assert len(str(refused.value)) < 120


@pytest.mark.parametrize("family", [compiling.optimizer, compiling.loss])
@pytest.mark.parametrize("value", ["custom:Mine", {"class_name": "several", "config": {}}, 7, [], {"config": {}}])
def test_unknown_optimizers_and_losses(family, value):
    with pytest.raises(ValueError):
        family(value)


def schedule(class_name, /, **config):
    return compiling.optimizer(
        {"class_name": "SGD", "config": {"learning_rate": {"class_name": class_name, "config": config}}}
    )


def test_a_learning_rate_schedule_is_canonical():
    """As Keras writes it: rates in float32, defaults, and a name of its own."""
    written = schedule(
        "ExponentialDecay", initial_learning_rate=0.10000000149011612, decay_steps=100, decay_rate=0.9,
        staircase=False, name="ExponentialDecay",
    )  # fmt: skip
    kept = {"initial_learning_rate": 0.1, "decay_steps": 100, "decay_rate": 0.9}
    assert written == ["SGD", {"learning_rate": ["ExponentialDecay", kept]}]
    steps = schedule("PiecewiseConstantDecay", boundaries=[100, 200], values=[0.1, 0.01, 0.001])
    assert steps[1]["learning_rate"][1] == {"boundaries": [100.0, 200.0], "values": [0.1, 0.01, 0.001]}


@pytest.mark.parametrize(
    ("name", "config", "said"),
    [("Mine", {}, "the learning rate schedule 'Mine' is not on the list"),
     ("ExponentialDecay", {"decay_steps": 0}, "decay_steps: 0 lies outside"),
     ("PiecewiseConstantDecay", {"values": 0.1}, "values: 0.1 is no list of at most 1000 numbers")],
)  # fmt: skip
def test_another_schedule_is_refused(name, config, said):
    with pytest.raises(ValueError, match=f"learning_rate: .*{said}"):
        schedule(name, **config)


# --- any JSON


@given(st.sampled_from(sorted(LAYERS)), st.data())
def test_any_configuration_gives_arguments_or_valueerror(class_name, data):
    names = st.sampled_from(sorted(LAYERS[class_name])) if LAYERS[class_name] else st.nothing()
    config = data.draw(st.dictionaries(names | st.text(max_size=8), JSON, max_size=5))
    try:
        kept = arguments(LAYERS[class_name], config)
    except ValueError:
        return
    assert arguments(LAYERS[class_name], kept) == kept or _has_components(kept)
    assert set(kept) <= set(LAYERS[class_name])


def _has_components(kept):
    """[name, arguments] is the canonical form of a component, and not a recorded one."""
    return any(isinstance(value, list) and value and isinstance(value[0], str) for value in kept.values())


@given(JSON)
def test_any_optimizer_loss_and_initializer(value):
    for check in (compiling.optimizer, compiling.loss, component(INITIALIZERS, "initializer")):
        try:
            canonical = check(value)
        except ValueError:
            continue
        assert canonical is None or canonical[0] in OPTIMIZERS | LOSSES | INITIALIZERS


def test_what_keras_must_be_told_is_kept():
    """AveragePooling2D has no size of its own, MaxPooling2D has."""
    assert arguments(LAYERS["AveragePooling2D"], {"pool_size": [2, 2]}) == {"pool_size": [2, 2]}
    assert arguments(LAYERS["MaxPooling2D"], {"pool_size": [2, 2]}) == {}


def test_batch_normalization_as_keras_3_15_writes_it():
    config = {"renorm": False, "renorm_clipping": None, "renorm_momentum": 0.99}
    assert arguments(LAYERS["BatchNormalization"], config) == {}
