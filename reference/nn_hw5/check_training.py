"""Checks of task 3: the autoencoder is trained from noisy images to clean ones."""

import pytest

from harness.autoencoders import noise_found, noise_of_inputs
from harness.checking import Failed, NotMeasured, Partial, require_trained
from harness.held_out import validated_on_trained
from harness.results import Cause
from harness.text import quantity

FACTOR = 0.1
EPOCHS = 100
BATCH_SIZE = 256
OTHER_NOISE = 0.4  # share of the points for noise of another kind
CALL = "noisy = np.clip(x_train + 0.1 * np.random.normal(size=x_train.shape), 0, 1)"


@pytest.mark.check("3", 0.6)
def check_noisy_to_clean(autoencoder, verdict):
    """It is trained from images with normal noise of factor 0.1, clipped to [0, 1], to the same images, clean."""
    verdict.where = autoencoder.where
    noise = noise_of_inputs(autoencoder, f"{CALL}, and fit(noisy, x_train)", OTHER_NOISE)
    verdict.measured("noise factor", noise.level, how=noise_found(autoencoder, noise))
    verdict.threshold("asked", FACTOR, "assignment")
    if noise.kind != "gaussian":
        raise Partial(
            f"The inputs have {noise.kind.replace('_', ' ')} noise of level {noise.level:.2f}; normal noise of "
            "factor 0.1 is asked.",
            CALL,
            share=OTHER_NOISE,
            where=autoencoder.where,
        )
    wrong = []
    if abs(noise.level - FACTOR) > 0.01:
        wrong.append(f"its factor is {noise.level:.2f} and not 0.1")
    if not noise.clipped:
        wrong.append("it is not clipped to [0, 1]")
    if noise.shared:
        wrong.append("it is the same on every image, where each should have its own")
    if wrong:
        raise Partial(
            f"The inputs have normal noise, but {' and '.join(wrong)}.", CALL, share=0.7, where=autoencoder.where
        )
    verdict.says("Inputs with normal noise of factor 0.1, clipped, and clean targets.")


@pytest.mark.check("3", 0.4)
def check_settings(autoencoder, verdict):
    """It is trained for 100 epochs in batches of 256, with the mean squared error."""
    verdict.where = autoencoder.where
    evidence, record = autoencoder.evidence, autoencoder.record
    loss = evidence.loss[0] if evidence.loss else "none"
    verdict.measured("epochs", autoencoder.epochs, how="as given to fit, calls that only go on added up")
    verdict.threshold("asked", EPOCHS, "assignment")
    wrong = []
    if autoencoder.epochs != EPOCHS:
        wrong.append(f"for {autoencoder.epochs} epochs (asked: {EPOCHS})")
    if record.batch_size != BATCH_SIZE:
        wrong.append(f"in batches of {record.batch_size} (asked: {BATCH_SIZE})")
    if loss != "MeanSquaredError":
        wrong.append(f"with the loss {loss} (asked: MeanSquaredError)")
    if wrong:
        message, hint = (
            f"It is trained {' and '.join(wrong)}.",
            "compile(loss='mse'), fit(epochs=100, batch_size=256)",
        )
        if len(wrong) > 1:
            raise Failed(message, hint, where=autoencoder.where)
        raise Partial(message, hint, share=0.5, where=autoencoder.where)
    verdict.says("Mean squared error, 100 epochs in batches of 256.")


@pytest.mark.check("3", 0.25)
def check_curves(autoencoder, verdict):
    """Training and validation loss are kept for every epoch, so that they can be plotted."""
    verdict.where = autoencoder.where
    if autoencoder.record.error:
        require_trained(autoencoder, "It")
    data = autoencoder.record.data
    if data.validation_x is None and not data.validation_split:
        raise Failed(
            "There is no validation loss to plot: fit is given no validation data.",
            "fit(…, validation_data=(noisy_test, x_test))",
            where=autoencoder.where,
        )
    if data.validation_y is not None and data.validation_y.noise is not None:
        raise Failed(
            "The validation targets are noisy: the curve says how well the noise is given back.",
            "fit(…, validation_data=(noisy_test, x_test))",
            where=autoencoder.where,
        )
    if validated_on_trained(data):
        raise Failed(
            "The validation images are those that it is trained on: what is plotted as validation loss is training "
            "loss again, without dropout.",
            "fit(…, validation_data=(noisy_test, x_test))",
            where=autoencoder.where,
        )
    verdict.says("One training and one validation loss an epoch.")


@pytest.mark.check("3", 0.25)
def check_learns(autoencoder, verdict):
    """Trained, it makes less of an error on unseen images than after its first epoch."""
    verdict.where = autoencoder.where
    require_trained(autoencoder, "It")
    curve = autoencoder.evidence.runs[0].curve if autoencoder.evidence.runs else None
    if curve is not None and curve.diverged:
        raise Failed(
            f"Its loss stops being a number after {quantity(len(curve.val_loss), 'epoch')}: training diverged.",
            "Check the scale of inputs and targets, and the learning rate.",
            where=autoencoder.where,
        )
    if curve is None or not curve.val_loss:
        raise NotMeasured("It was not trained.", cause=Cause.HARNESS_FAULT, where=autoencoder.where)
    first, last = curve.val_loss[0], curve.val_loss[-1]
    verdict.measured("validation loss, first epoch", first, n=1, how="trained here, evaluation images")
    verdict.measured("validation loss, last epoch", last, n=1, how="trained here, evaluation images")
    if curve.loss:
        verdict.measured("training loss, last epoch", curve.loss[-1], n=1, how="trained here, with dropout")
    if last >= first:
        raise Failed(
            f"Its loss on unseen images is {first:.4f} after the first epoch and {last:.4f} after the last.",
            "Check the scale of inputs and targets, and the learning rate.",
            where=autoencoder.where,
        )
    verdict.says(f"Its loss on unseen images falls from {first:.4f} to {last:.4f}.")
