"""Names that everyone imports: supplied where a hand-in forgot to, and noted with the import that is missing."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Collection
from typing import Any

Note = Callable[[str, str], None]
"""note(code, message): a finding at the line that is running."""

_LAYERS = [
    "Activation",
    "ActivityRegularization",
    "Add",
    "AveragePooling2D",
    "BatchNormalization",
    "Concatenate",
    "Conv1D",
    "Conv2D",
    "Conv2DTranspose",
    "Cropping2D",
    "Dense",
    "DepthwiseConv2D",
    "Dropout",
    "ELU",
    "Embedding",
    "Flatten",
    "GRU",
    "GaussianDropout",
    "GaussianNoise",
    "GlobalAveragePooling2D",
    "GlobalMaxPooling2D",
    "InputLayer",
    "LSTM",
    "Lambda",
    "LayerNormalization",
    "LeakyReLU",
    "MaxPool2D",
    "MaxPooling2D",
    "PReLU",
    "Permute",
    "ReLU",
    "RepeatVector",
    "Rescaling",
    "Reshape",
    "SeparableConv2D",
    "SimpleRNN",
    "Softmax",
    "SpatialDropout2D",
    "TimeDistributed",
    "UpSampling2D",
    "ZeroPadding2D",
    "add",
    "concatenate",
]
_CALLBACKS = [
    "CSVLogger",
    "Callback",
    "EarlyStopping",
    "History",
    "LambdaCallback",
    "LearningRateScheduler",
    "ModelCheckpoint",
    "ReduceLROnPlateau",
    "TensorBoard",
]
_OPTIMIZERS = ["Adadelta", "Adagrad", "Adam", "AdamW", "Adamax", "Ftrl", "Nadam", "RMSprop", "SGD"]
_METRICS = [
    "accuracy_score",
    "classification_report",
    "confusion_matrix",
    "f1_score",
    "mean_squared_error",
    "precision_score",
]

EVERYDAY: dict[str, str] = {
    **{name: f"keras.layers:{name}" for name in _LAYERS},
    **{name: f"keras.callbacks:{name}" for name in _CALLBACKS},
    **{name: f"keras.optimizers:{name}" for name in _OPTIMIZERS},
    **{name: f"sklearn.metrics:{name}" for name in _METRICS},
    **{
        name: name
        for name in [
            "copy",
            "datetime",
            "glob",
            "itertools",
            "json",
            "math",
            "os",
            "pickle",
            "random",
            "re",
            "sys",
            "time",
            "warnings",
        ]
    },
    **{name: name for name in ["keras", "matplotlib", "numpy", "pandas", "scipy", "sklearn", "tensorflow"]},
    **{
        name: f"keras.{name}"
        for name in [
            "activations",
            "applications",
            "callbacks",
            "constraints",
            "datasets",
            "initializers",
            "layers",
            "losses",
            "metrics",
            "models",
            "optimizers",
            "preprocessing",
            "regularizers",
        ]
    },
    "np": "numpy",
    "plt": "matplotlib.pyplot",
    "pyplot": "matplotlib.pyplot",
    "mpl": "matplotlib",
    "tf": "tensorflow",
    "pd": "pandas",
    "sns": "seaborn",
    "K": "keras.backend",
    "Image": "PIL.Image",
    "Sequential": "keras:Sequential",
    "Model": "keras:Model",
    "Input": "keras:Input",
    "Layer": "keras.layers:Layer",
    "l1": "keras.regularizers:l1",
    "l2": "keras.regularizers:l2",
    "L1": "keras.regularizers:L1",
    "L2": "keras.regularizers:L2",
    "l1_l2": "keras.regularizers:l1_l2",
    "mnist": "keras.datasets.mnist",
    "fashion_mnist": "keras.datasets.fashion_mnist",
    "np_utils": "keras.utils.np_utils",
    "to_categorical": "keras.utils:to_categorical",
    "plot_model": "keras.utils:plot_model",
    "load_model": "keras.models:load_model",
    "clone_model": "keras.models:clone_model",
    "ImageDataGenerator": "keras.preprocessing.image:ImageDataGenerator",
    "categorical_crossentropy": "keras.losses:categorical_crossentropy",
    "binary_crossentropy": "keras.losses:binary_crossentropy",
    "train_test_split": "sklearn.model_selection:train_test_split",
    "ConfusionMatrixDisplay": "sklearn.metrics:ConfusionMatrixDisplay",
    "PCA": "sklearn.decomposition:PCA",
    "TSNE": "sklearn.manifold:TSNE",
    "MinMaxScaler": "sklearn.preprocessing:MinMaxScaler",
    "StandardScaler": "sklearn.preprocessing:StandardScaler",
    "Path": "pathlib:Path",
    "defaultdict": "collections:defaultdict",
    "Counter": "collections:Counter",
    "deepcopy": "copy:deepcopy",
    "partial": "functools:partial",
    "tqdm": "tqdm:tqdm",
}


ALIASES = frozenset(["np", "os", "plt", "pd", "sns", "tf", "keras"])  # modules, whatever else is called so later


def supplier(note: Note, own: Callable[[], Collection[str]] = frozenset) -> Callable[[str], Any]:
    """A function that imports a name that everyone imports, and notes that the hand-in did not.

    A name of `own` is one that the hand-in gives a meaning of its own somewhere: but for the ALIASES it is not
    supplied where that has not happened yet. Raises KeyError for what is not supplied.
    """

    def supply(name: str) -> Any:
        target = EVERYDAY.get(name)
        if target is None or (name in own() and name not in ALIASES):
            raise KeyError(name)
        module, _, attribute = target.partition(":")
        try:
            value = importlib.import_module(module)
        except ImportError:
            raise KeyError(name) from None
        note(
            "missing-import",
            f"`{name}` is used but never imported before this line; add `{_statement(name)}` at the top.",
        )
        return getattr(value, attribute) if attribute else value

    return supply


def _statement(name: str) -> str:
    """The import that is missing, as people write it."""
    module, _, attribute = EVERYDAY[name].partition(":")
    if attribute:
        return f"from {module} import {attribute}"
    if name == module:
        return f"import {module}"
    parent, _, child = module.rpartition(".")
    if child == name:
        return f"from {parent} import {child}"
    return f"from {parent} import {child} as {name}" if parent == "keras" else f"import {module} as {name}"
