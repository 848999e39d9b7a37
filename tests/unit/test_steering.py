"""What steers a training besides the optimizer: which callbacks and augmentations are trained with, and how."""

import pytest
from evidence import data, digits, fit, images, labels

from harness.allowlist import Refused
from harness.recording import Component, Noise, Rows
from harness.training import steering
from harness.training.from_recording import from_fit
from harness.training.recipe import Scale

DIGITS = digits()
TEST_ROWS = Rows(kind="all", count=10_000)


def component(name, **config):
    return Component(class_name=name, config=config)


STOP = component("EarlyStopping", monitor="val_loss", patience=3, min_delta=0, mode="auto", baseline=None,
                 restore_best_weights=True, start_from_epoch=0)  # fmt: skip
RATES = component("LearningRateScheduler", rates=[0.1] * 5 + [0.01] * 5)


def recipe(*callbacks, scale=None, **changes):
    return from_fit(fit(callbacks=callbacks, **changes), {}, DIGITS, scale).recipe


def refusal(record):
    with pytest.raises(Refused) as refused:
        from_fit(record, {}, DIGITS)
    return str(refused.value)


# --- callbacks


def test_callbacks_that_steer_are_part_of_the_recipe():
    assert recipe(STOP).callbacks == (("EarlyStopping", {"patience": 3, "restore_best_weights": True}),)
    assert recipe(STOP).sha256 != recipe().sha256
    assert recipe(STOP) == recipe(component("EarlyStopping", patience=3, restore_best_weights=True))


def test_their_order_and_settings_decide():
    reduce = component("ReduceLROnPlateau", monitor="loss", factor=0.5)
    made = {
        recipe(*callbacks).sha256 for callbacks in [(STOP,), (reduce,), (STOP, reduce), (reduce, STOP), (RATES,)]
    }
    assert len(made) == 5


WATCHING = ("History", "TensorBoard", "ModelCheckpoint", "TerminateOnNaN", "LambdaCallback", "CSVLogger")


@pytest.mark.parametrize("name", WATCHING)
def test_callbacks_that_watch_change_nothing(name):
    assert recipe(component(name, save_best_only=True, monitor="val_loss")) == recipe()


def test_code_of_their_own_is_refused_where_it_may_steer():
    assert recipe(component("custom:Plotter", steers=[])) == recipe()
    assert recipe(component("LambdaCallback", steers=[])) == recipe()
    for own in (
        component("custom:Plotter", steers=["stop_training"]),
        component("LambdaCallback", steers=["learning_rate"]),
        component("custom:Plotter"),
        component("SwapEMAWeights"),
    ):
        name = own.class_name.removeprefix("custom:")
        assert refusal(fit(callbacks=(own,))) == f"the fit uses the callback {name}, which is not trained with"


def test_a_setting_that_is_not_trained_with_is_named():
    said = refusal(fit(callbacks=(component("EarlyStopping", monitor="val_f1"),)))
    assert said.startswith(
        "the fit uses the callback EarlyStopping, which is not trained with: monitor: 'val_f1' is"
    )
    assert "its rates are not known" in refusal(fit(callbacks=(component("LearningRateScheduler"),)))


def test_old_names_are_the_same():
    old, new = (component("EarlyStopping", monitor=name) for name in ("val_acc", "val_accuracy"))
    assert recipe(old) == recipe(new)


def test_accuracy_of_a_network_that_is_no_classifier():
    clean = images(shape=(60_000, 784))
    record = fit(data=data(x=clean, y=clean), callbacks=(component("EarlyStopping", monitor="val_accuracy"),))
    assert refusal(record) == "the callback EarlyStopping watches val_accuracy of a network that is no classifier"


def test_without_validation_data_it_does_nothing_as_in_keras():
    nothing = data(validation_x=None, validation_y=None)
    assert recipe(STOP, data=nothing) == recipe()
    assert recipe(component("EarlyStopping", monitor="loss"), data=nothing).callbacks is not None


# --- what they watch


def test_the_evaluation_set_is_watched_as_it_is():
    assert recipe(STOP).validation is None


def test_a_held_out_share_is_watched_in_its_place():
    made = recipe(STOP, data=data(validation_split=0.2, validation_x=None, validation_y=None))
    x, y = made.validation
    assert (made.x.count, x.count, y.count) == (1149, 288, 288)
    prepared = from_fit(fit(callbacks=(STOP,), data=data(validation_split=0.2, validation_x=None)), {}, DIGITS)
    assert prepared.arrays[prepared.recipe.validation[0].rows].tolist() == list(range(1149, 1437))
    assert recipe(data=data(validation_split=0.2, validation_x=None)).validation is None  # nothing watches it


HELD_OUT = {
    "part of it": images(shape=(5_000, 28, 28, 1), source="x_test", rows=Rows(kind="slice", count=5000, stop=5000)),
    "rows of the training set": images(
        shape=(10_000, 28, 28, 1), rows=Rows(kind="slice", count=10_000, stop=10_000)
    ),
    "prepared otherwise": images(shape=(10_000, 28, 28, 1), source="x_test", rows=TEST_ROWS, scale=1.0, high=255.0),
    "noisy": images(shape=(10_000, 28, 28, 1), source="x_test", rows=TEST_ROWS,
                    noise=Noise(kind="salt_and_pepper", level=0.4)),
}  # fmt: skip


@pytest.mark.parametrize("name", HELD_OUT)
def test_validation_data_of_their_own_are_watched(name):
    x = HELD_OUT[name]
    given = data(validation_x=x, validation_y=labels(shape=(x.shape[0], 10), source="y_test"))
    made = recipe(STOP, data=given)
    assert made.validation is not None
    assert made.sha256 != recipe(STOP).sha256
    assert recipe(component("EarlyStopping", monitor="loss"), data=given).validation is None


def test_validation_data_that_are_not_known():
    given = data(validation_x=images(source=None, rows=None, shape=(9, 9)))
    assert refusal(fit(callbacks=(STOP,), data=given)).startswith("the validation inputs of the fit, an array of")
    assert recipe(data=given) == recipe()  # nobody watches them


# --- rates


def test_a_table_of_rates_keeps_its_shape_where_epochs_are_scaled():
    scaled = recipe(RATES, scale=Scale(epochs=4, batch_size=32))
    assert scaled.callbacks == (("LearningRateScheduler", {"rates": [0.1, 0.1, 0.01, 0.01]}),)
    longer = recipe(RATES, scale=Scale(epochs=30, batch_size=32)).callbacks[0][1]["rates"]
    assert longer == [0.1] * 15 + [0.01] * 15


def test_what_counts_epochs_is_scaled_with_them():
    stop = component("EarlyStopping", patience=3, start_from_epoch=2)
    reduce = component("ReduceLROnPlateau", factor=0.5, cooldown=1)  # Keras's patience: 10

    def scaled(epochs):
        return [own for _, own in recipe(stop, reduce, scale=Scale(epochs=epochs, batch_size=32)).callbacks]

    assert scaled(10) == [{"patience": 3, "start_from_epoch": 2}, {"factor": 0.5, "cooldown": 1}]
    assert scaled(60) == [{"patience": 18, "start_from_epoch": 12}, {"factor": 0.5, "cooldown": 6, "patience": 60}]
    assert scaled(2) == [{"patience": 1, "start_from_epoch": 1}, {"factor": 0.5, "cooldown": 1, "patience": 2}]


def test_a_patience_that_never_ends_stays_one():
    stop = component("EarlyStopping", patience=9_999)
    made = recipe(stop, scale=Scale(epochs=60, batch_size=32))
    assert made.callbacks == (("EarlyStopping", {"patience": 10_000}),)
    assert recipe(component("EarlyStopping"), scale=Scale(epochs=60, batch_size=32)).callbacks[0][1] == {}


# --- augmentation

SHIFTS = {
    "width_shift_range": 0.1,
    "rotation_range": 10,
    "horizontal_flip": False,
    "rescale": None,
    "zca_epsilon": 1e-6,
}


def test_augmentation_is_part_of_the_recipe():
    made = recipe(data=data(augmentation=SHIFTS))
    assert made.augmentation == {"rotation_range": 10.0, "width_shift_range": 0.1}
    assert made.sha256 != recipe().sha256
    assert recipe(data=data(augmentation={"horizontal_flip": False, "fill_mode": "nearest"})) == recipe()


def test_its_rescaling_is_done_to_evaluation_images_too():
    given = data(x=images(scale=1.0, high=255.0), augmentation={"rescale": 1 / 255})
    assert recipe(data=given) == recipe()
    given = data(x=images(scale=1.0, high=255.0), augmentation={"rescale": 1 / 255, "zoom_range": [0.9, 1.1]})
    made = recipe(data=given)
    assert (made.x.scale, made.augmentation) == (1 / 255, {"zoom_range": [0.9, 1.1]})


def test_a_rescaled_offset_is_canonical():
    rescaled = data(x=images(scale=1.0, offset=2.0**-10), augmentation={"rescale": 2.0**-10})
    assert recipe(data=rescaled) == recipe(data=data(x=images(scale=2.0**-10, offset=2.0**-20)))


@pytest.mark.parametrize(
    "settings",
    [{"featurewise_center": True}, {"zca_whitening": True}, {"preprocessing_function": "<function f>"},
     {"samplewise_std_normalization": True}, {"validation_split": 0.2}, {"rotation_range": "much"},
     {"data_format": "channels_first"}],
)  # fmt: skip
def test_other_augmentation_is_refused(settings):
    said = refusal(fit(data=data(augmentation=settings)))
    assert said.startswith("the images are augmented in a way that is not trained with: ")


def test_augmentation_takes_images_with_a_channel():
    flat = data(x=images(shape=(60_000, 784)), augmentation=SHIFTS)
    assert "takes images with a channel axis" in refusal(fit(data=flat))


def test_every_listed_setting_is_one_of_keras():
    assert set(steering.CALLBACKS) == {"EarlyStopping", "ReduceLROnPlateau", "LearningRateScheduler"}
    assert not steering.HARMLESS_CALLBACKS & set(steering.CALLBACKS)
