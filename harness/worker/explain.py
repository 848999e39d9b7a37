"""From an error to a sentence that helps: what is gone since the hand-in was written, or is not installed here."""

from __future__ import annotations

import re
from collections.abc import Callable

Note = Callable[[str, str], None]

FRAMEWORKS = ("torch", "torchvision", "torchaudio", "jax", "flax", "mxnet", "theano", "lasagne")  # told elsewhere

# What an error says, and what to do about it.
_GONE: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        re.compile(
            r"module 'tensorflow(?:\S*compat\.v[12])?\S*' has no attribute '"
            r"(Session|InteractiveSession|placeholder|global_variables_initializer|initialize_all_variables|"
            r"get_default_graph|reset_default_graph|set_random_seed|get_variable|variable_scope|ConfigProto|"
            r"AdamOptimizer|GradientDescentOptimizer|contrib|app|flags|log|truncated_normal|random_normal|to_float)'"
        ),
        "`{0}` is TensorFlow 1 and is gone. Build the network with `keras.Sequential`, and train it with `fit`.",
    ),
    (
        re.compile(r"(tf\.placeholder\(\)|The Session graph is empty)"),
        "This is how TensorFlow 1 computed, and it is gone. Build the network with `keras.Sequential`, and train "
        "it with `fit`.",
    ),
    (
        re.compile(r"No module named 'tensorflow\.(contrib|examples)"),
        "`tensorflow.{0}` is TensorFlow 1 and is gone. Load MNIST with `keras.datasets.mnist.load_data()`, and "
        "build the network with `keras.Sequential`.",
    ),
    (
        re.compile(r"'?(KerasClassifier|KerasRegressor)'?"),
        "`{0}` is Keras 2 and is gone. Call `fit` of the network itself, in a loop over the settings.",
    ),
    (
        re.compile(
            r"'(WeightRegularizer|ActivityRegularizer|activity_l[12]|Merge|Highway|MaxoutDense|ThresholdedReLU|"
            r"TimeDistributedDense|CuDNNLSTM|CuDNNGRU|multi_gpu_model|model_from_yaml|print_summary|"
            r"get_session|tensorflow_backend)'"
        ),
        "`{0}` is of an older Keras and is gone. Look for what took its place at keras.io/api.",
    ),
)


def explain(error: BaseException, note: Note) -> None:
    """Note what an error of the hand-in comes from, where that is known."""
    if isinstance(error, ModuleNotFoundError) and isinstance(error.name, str):
        package = error.name.partition(".")[0]
        known = any(pattern.search(str(error)) for pattern, _ in _GONE)
        if package not in ("keras", "tensorflow", *FRAMEWORKS) and not known and package.isidentifier():
            note(
                "missing-package",
                f"The harness does not have the package `{package}`, so that this import and what needs it did not "
                "run here. On your machine it may work: a person looks at it.",
            )
            return
        if package == "keras" or (package == "tensorflow" and not known):
            note("keras2-name", f"`{error.name}` is not in today's Keras. Look for its names at keras.io/api.")
            return
    if isinstance(error, (AttributeError, ImportError, RuntimeError)):
        text = str(error)[:1_000]
        for pattern, sentence in _GONE:
            found = pattern.search(text)
            if found:
                note("keras2-name", sentence.format(found[1]))
                return
