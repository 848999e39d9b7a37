"""Checks of task 1, on the arrays that the network of task 2 was trained with."""

import pytest

from harness.checking import Failed, NotAttempted, NotMeasured, Partial
from harness.results import Cause


def _shape(array):
    return f"(n, {', '.join(str(n) for n in array.shape[1:])})"


def _own(evidence, assignment, mlp):
    """Ends the check where a hand-in by contract has no preprocessing of its own, or one that fails, and where all
    that is there is a saved model."""
    if mlp.record.method == "saved_model":
        raise NotAttempted("A saved model does not tell how its images were prepared.", "Hand in the code, too.")
    name = assignment.contract.preprocess
    if evidence.recording.kind != "contract":
        return
    if name not in {function.name for function in evidence.recording.functions}:
        raise NotAttempted(f"There is no `{name}()`.", f"Define {name}(images, labels).")
    error = next((error for error in evidence.recording.errors if error.source == f"{name}()"), None)
    if error is not None:
        raise NotMeasured(
            f"`{name}()` fails: {error.type}: {error.message}",
            "Run it on the arrays of mnist.load_data() and mend what it says.",
            cause=Cause.ERROR_IN_SUBMISSION,
            where=error.where,
        )


def _given(array, what, where):
    if array is None:
        raise NotMeasured(
            f"The {what} did not reach fit as arrays, so the preprocessing could not be seen.",
            "Hand arrays to fit: model.fit(x_train, y_train, …).",
            cause=Cause.ERROR_IN_SUBMISSION,
            where=where,
        )
    return array


@pytest.mark.check("1", 0.25)
def check_images(mlp, evidence, assignment, verdict):
    """The images reach the network as float32 between 0 and 1, with a channel axis: (n, 28, 28, 1)."""
    _own(evidence, assignment, mlp)
    x = _given(mlp.record.data.x, "images", mlp.where)
    verdict.where = mlp.where
    verdict.measured("smallest value", x.low, how="training images as given to fit")
    verdict.measured("largest value", x.high, how="training images as given to fit")
    if x.low is None or x.high is None:
        raise Failed(
            "The images hold values that are not finite numbers.", "Look for a division by zero.", where=mlp.where
        )
    if x.high > 1 or x.low < 0 or x.high <= 0.5:
        fault = "that is another range than 0 to 1"
        if x.low >= 0:
            fault = f"they were divided by 255 {'more than once' if x.high <= 0.5 else 'not at all'}"
        raise Failed(
            f"The values lie between {x.low:g} and {x.high:g}: {fault}.",
            "Divide by 255 once, before training: x_train = x_train.astype('float32') / 255.",
            where=mlp.where,
        )
    if tuple(x.shape[1:]) != (28, 28, 1):
        flattens = "" if mlp.of_class("Flatten") else ", and begin the network with layers.Flatten()"
        raise Partial(
            f"The values are right, but the shape is {_shape(x)} and not (n, 28, 28, 1).",
            f"Add the channel axis: x_train = x_train.reshape(-1, 28, 28, 1){flattens}.",
            share=0.6,
            where=mlp.where,
        )
    if x.dtype != "float32":
        raise Partial(
            f"Range and shape are right, but the type is {x.dtype} and not float32.",
            "Convert before dividing: x_train.astype('float32') / 255.",
            share=0.8,
            where=mlp.where,
        )
    verdict.says(f"float32 between {x.low:g} and {x.high:g}, shape (n, 28, 28, 1).")


@pytest.mark.check("1", 0.25)
def check_labels(mlp, evidence, assignment, verdict):
    """The labels are one-hot rows (n, 10), each the digit of its image."""
    _own(evidence, assignment, mlp)
    y = _given(mlp.record.data.y, "labels", mlp.where)
    verdict.where = mlp.where
    if y.encoding == "one_hot_twice":
        raise Failed(
            f"The labels were one-hot encoded twice: their shape is {_shape(y)}.",
            "Call to_categorical once.",
            where=mlp.where,
        )
    if y.labels_match is not None:
        verdict.measured("labels that belong to their image", y.labels_match, unit="share", n=y.shape[0])
        if y.labels_match < 1:
            wrong = max(1, round((1 - y.labels_match) * (y.shape[0] or 0)))
            raise Failed(
                f"{wrong:,} of {y.shape[0]:,} labels do not belong to their image.",
                "Do not sort or shuffle the labels without the images.",
                where=mlp.where,
            )
    if y.encoding == "labels":
        raise Partial(
            "The labels are integers and not one-hot rows.",
            "y_train = keras.utils.to_categorical(y_train, 10)",
            share=0.5,
            where=mlp.where,
        )
    if y.encoding != "one_hot" or tuple(y.shape[1:]) != (10,):
        raise Failed(
            f"The labels have the shape {_shape(y)} and are not one-hot rows of 10.",
            "y_train = keras.utils.to_categorical(y_train, 10)",
            where=mlp.where,
        )
    verdict.says("One-hot rows (n, 10), each the digit of its image.")
