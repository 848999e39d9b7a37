"""What is said of an error: what is gone, and what is not installed; nothing of errors that explain themselves."""

import pytest

from harness.worker.explain import explain


def said(error):
    notes = []
    explain(error, lambda code, message: notes.append((code, message)))
    return notes


@pytest.mark.parametrize("package", ["kerastuner", "tensorflow_addons", "cv2", "keras_tuner.engine"])
def test_a_package_that_the_harness_does_not_have(package):
    ((code, message),) = said(ModuleNotFoundError(f"No module named '{package}'", name=package))
    assert code == "missing-package"
    assert f"`{package.partition('.')[0]}`" in message


@pytest.mark.parametrize(
    ("error", "part"),
    [
        (AttributeError("module 'tensorflow' has no attribute 'Session'"), "`Session` is TensorFlow 1"),
        (AttributeError("module 'tensorflow' has no attribute 'placeholder'"), "`placeholder` is TensorFlow 1"),
        (AttributeError("module 'tensorflow._api.v2.train' has no attribute 'AdamOptimizer'"), "`AdamOptimizer`"),
        (RuntimeError("The Session graph is empty. Add operations"), "how TensorFlow 1 computed"),
        (RuntimeError("tf.placeholder() is not compatible with eager execution."), "how TensorFlow 1 computed"),
        (ModuleNotFoundError("No module named 'tensorflow.contrib'", name="tensorflow.contrib"), "contrib"),
        (
            ModuleNotFoundError("No module named 'tensorflow.examples'", name="tensorflow.examples"),
            "keras.datasets.mnist.load_data()",
        ),
        (ImportError("cannot import name 'KerasClassifier' from 'keras.wrappers'"), "`KerasClassifier` is Keras 2"),
        (ImportError("cannot import name 'WeightRegularizer' from 'keras'"), "`WeightRegularizer` is of an older"),
        (AttributeError("module 'keras.layers' has no attribute 'Merge'"), "`Merge` is of an older Keras"),
        (ModuleNotFoundError("No module named 'keras.nothing'", name="keras.nothing"), "not in today's Keras"),
    ],
)
def test_what_is_gone(error, part):
    ((code, message),) = said(error)
    assert code == "keras2-name"
    assert part in message


@pytest.mark.parametrize(
    "error",
    [
        ValueError("Session"),
        AttributeError("module 'numpy' has no attribute 'Session'"),
        AttributeError("'NoneType' object has no attribute 'shape'"),
        ImportError("cannot import name 'nothing' from 'numpy'"),
        ModuleNotFoundError("No module named 'torch'", name="torch"),  # said once of the whole hand-in
        ModuleNotFoundError("No module named '../x'", name="../x"),
        ModuleNotFoundError(),
    ],
)
def test_other_errors_are_left_alone(error):
    assert said(error) == []
