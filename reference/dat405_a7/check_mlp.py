"""Checks of tasks 2A, 2B and 2C: the network 784-64-64-10, its loss, its training."""

import pytest

from harness.checking import Failed, Partial, require_trained
from harness.held_out import validated_on_trained
from harness.verdicts import judge_accuracy

PARAMETERS = 784 * 64 + 64 + 64 * 64 + 64 + 64 * 10 + 10
RELATIVE_TOLERANCE = 1e-5  # float32


@pytest.mark.check("2A", 0.3)
def check_layers(mlp, verdict):
    """The network is Flatten, two hidden layers of 64 with relu, and 10 outputs with softmax."""
    verdict.where = mlp.where
    dense = mlp.of_class("Dense")
    seen = " – ".join(f"{layer.units} {layer.activation}" for layer in dense)
    units = tuple(layer.units for layer in dense)
    if units != (64, 64, 10):
        raise Failed(
            f"The dense layers are {seen}; asked are 64 relu – 64 relu – 10 softmax.",
            "Check the number of layers and the units of each.",
            where=mlp.where,
        )
    activations = [layer.activation for layer in dense]
    standalone = [
        layer.activation or layer.class_name.lower() for layer in mlp.of_class("Activation", "ReLU", "Softmax")
    ]
    given = [name for name in activations if name != "linear"] + standalone
    if given != ["relu", "relu", "softmax"] and sorted(given) != ["relu", "relu", "softmax"]:
        raise Partial(
            f"The sizes are right, but the activations are {seen}.",
            "Hidden layers use relu, the output softmax. Without an activation a layer is only a linear map.",
            share=0.5,
            where=mlp.where,
        )
    verdict.says(f"Dense layers {seen}.")


@pytest.mark.check("2A", 0.3)
def check_parameters(mlp, verdict):
    """The network has 55,050 parameters."""
    verdict.where = mlp.where
    verdict.measured("parameters", mlp.params, how="counted on the rebuilt network")
    verdict.threshold("asked", PARAMETERS, "assignment")
    if mlp.params != PARAMETERS:
        raise Failed(
            f"It has {mlp.params:,} parameters; 784·64+64 + 64·64+64 + 64·10+10 makes {PARAMETERS:,}.",
            "Compare model.summary() with that sum, layer by layer.",
            where=mlp.where,
        )
    verdict.says("784·64+64 + 64·64+64 + 64·10+10 = 55,050.")


@pytest.mark.check("2B", 0.5)
def check_loss(mlp, verdict):
    """The loss is categorical cross-entropy, −Σ y·log p."""
    verdict.where = mlp.where
    name = mlp.evidence.loss[0] if mlp.evidence.loss else "none"
    error = mlp.facts.cross_entropy_error
    if error is None:
        raise Failed(
            f"The loss {name} cannot be computed on one-hot labels and ten probabilities.",
            "Compile with loss='categorical_crossentropy'.",
            where=mlp.where,
        )
    verdict.measured("largest relative difference", error, n=64, how="loss against −Σ y·log p, 64 examples")
    verdict.threshold("tolerance", RELATIVE_TOLERANCE, "course")
    if error > RELATIVE_TOLERANCE:
        raise Failed(
            f"The loss {name} is not −Σ y·log p: it differs by up to {error:.2g} of its value.",
            "Compile with loss='categorical_crossentropy'. With from_logits=True the last layer has no softmax.",
            where=mlp.where,
        )
    verdict.says(f"{name} equals −Σ y·log p on 64 examples.")


@pytest.mark.check("2C", 0.15)
def check_epochs(mlp, verdict):
    """It is trained for 10 epochs."""
    verdict.where = mlp.where
    verdict.measured("epochs", mlp.epochs, how="as given to fit, calls that only go on added up")
    verdict.threshold("asked", 10, "assignment")
    if mlp.epochs != 10:
        raise Failed(
            f"It is trained for {mlp.epochs} epochs; 10 are asked.",
            "model.fit(…, epochs=10)",
            where=mlp.where,
        )
    verdict.says("10 epochs.")


@pytest.mark.check("2C", 0.15)
def check_optimizer(mlp, verdict):
    """It is trained by SGD with learning rate 0.1, in batches of 128."""
    verdict.where = mlp.where
    name, arguments = mlp.evidence.optimizer or ("none", {})
    rate = arguments.get("learning_rate")
    wrong, hints = [], []
    if mlp.record.batch_size != 128:
        wrong.append(f"batches of {mlp.record.batch_size} (asked: 128)")
        hints.append("fit(…, batch_size=128)")
    if name != "SGD":
        wrong.append(f"{name} (asked: SGD)")
    elif rate != 0.1:
        shown = f"that falls by {rate[0]}" if isinstance(rate, (list, tuple)) else rate
        wrong.append(f"learning rate {shown} (asked: 0.1)")
    if name != "SGD" or rate != 0.1:
        hints.append("compile(…, optimizer=keras.optimizers.SGD(learning_rate=0.1))")
    if wrong:
        hint = f"Write {' and '.join(hints)}."
        message = f"It is trained with {' and '.join(wrong)}."
        if len(wrong) == 1:
            raise Partial(message, hint, share=0.5, where=mlp.where)
        raise Failed(message, hint, where=mlp.where)
    verdict.says("SGD with learning rate 0.1, batches of 128.")


@pytest.mark.check("2C", 0.6)
def check_accuracy(mlp, evidence, verdict):
    """It is as accurate as is asked (97 % on MNIST), as far as random training lets a correct network."""
    judge_accuracy(mlp, evidence.gates.get("2C.accuracy"), verdict, evidence.profile)


@pytest.mark.check("2C", 0.1)
def check_curves(mlp, verdict):
    """Training and validation accuracy are kept for every epoch, so that they can be plotted."""
    verdict.where = mlp.where
    if mlp.record.error:
        require_trained(mlp, "The network")
    data = mlp.record.data
    missing = []
    if not any("acc" in metric for metric in mlp.record.metrics):
        missing.append("no accuracy metric is compiled")
    if data.validation_x is None and not data.validation_split:
        missing.append("fit is given no validation data")
    if missing:
        raise Failed(
            f"There is nothing to plot: {' and '.join(missing)}.",
            "compile(…, metrics=['accuracy']) and fit(…, validation_data=(x_test, y_test))",
            where=mlp.where,
        )
    if validated_on_trained(data):
        raise Failed(
            "The validation images are among those that it is trained on: what is plotted as validation accuracy "
            "is training accuracy again.",
            "fit(x_train, y_train, …, validation_data=(x_test, y_test))",
            where=mlp.where,
        )
    verdict.says("One training and one validation accuracy an epoch.")
