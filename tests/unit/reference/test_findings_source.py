"""Findings of dat405_a7 in what a notebook says: its code, its comments, its error messages and its template."""

from dataclasses import replace

import pytest
from evidence import (
    FACTORS,
    SHA,
    autoencoder,
    cnn,
    data,
    fit,
    images,
    mlp,
    network,
    sweep,
)  # fmt: skip
from unit.reference.findings_sample import cell, on, written

from harness.recording import CellError, Derivation, Recording, SourceRecord, Where
from harness.results import SubmissionFacts, SubmittedFile

# --- the sweep's plot and means


def analysed(*cells):
    """The findings on a notebook that trains the sweep of FACTORS, and then runs these cells."""
    return written(*cells, networks=sweep())


@pytest.mark.parametrize(
    "plot",
    [
        "plt.errorbar([1e-6, 1e-5, 1e-4, 5e-4, 1e-3], means, stds)\nplt.xlabel('weight decay')",
        "regs = [10**-6, 10**-5, 1e-4, 1e-3]\nplt.plot(regs, means)\nplt.title('L2 factor')",
        "plt.plot(np.logspace(-6, -3, 5), means)\nax.set_xlabel('factor')",
        "plt.errorbar(range(5), means)\nplt.xlabel('factor')\nplt.xticks(range(3), ['1e-6', '1e-5', '0.001'])",
    ],
)  # fmt: skip
def test_factors_that_were_not_trained(plot):
    made = analysed(plot)["plotted-factors-differ"]
    assert made.where.cell == 1


@pytest.mark.parametrize(
    "plot",
    [
        "plt.errorbar([1e-6, 2.5e-4, 5e-4, 7.5e-4, 1e-3], means)\nplt.xlabel('weight decay')",
        "plt.plot(np.linspace(1e-6, 1e-3, 5), means)\nplt.xlabel('factor')",
        "factors = [1e-6, 1e-5, 1e-4]\nfactors = other()\nplt.plot(factors, means)",
        "plt.semilogx([1e-4, 1e-3, 1e-2], best)\nplt.xlabel('learning rate')",
        "plt.plot(np.log10([1e-6, 1e-5, 1e-4]), means)\nplt.xlabel('factor')",
        "plt.errorbar(factors, means)\nplt.xlabel('factor')\nplt.xticks([1e-6, 1e-5, 1e-4, 1e-3])",
        "plt.plot([1, 2, 3, 4, 5], means)\nplt.xlabel('factor')",
        "plt.plot([0.0001, 0.0002, 0.0003])\nplt.title('factor')",
    ],
)  # fmt: skip
def test_other_plots_are_no_finding(plot):
    assert "plotted-factors-differ" not in analysed(plot)


def test_a_network_of_stacked_layers_has_several_factors():
    stacked = sweep((1e-4,), 1, {"regularizers": tuple((f"kernel L2 {factor}",) for factor in FACTORS[:2])})
    plot = "plt.plot([1e-6, 2.5e-4, 2.4e-4], means)\nplt.xlabel('factor')"
    assert "plotted-factors-differ" not in written(plot, networks=stacked)


@pytest.mark.parametrize(
    "code",
    [
        "np.mean(h.history['val_accuracy'])",
        "for f in factors:\n    h = m.fit(x, y)\n    means.append(np.mean(h.history['val_acc']))",
        "accs = h.history['val_accuracy']\nprint(np.std(accs))",
        "a = np.array(hist['val_accuracy'])\nm = a.mean()",
        "rows = []\nfor i in range(3):\n    rows.append(h.history['val_accuracy'])\nm = np.mean(rows)",
        "rows = []\nfor i in range(3):\n    rows.extend(h.history['val_accuracy'])\nm = np.std(rows)",
        "def result(m):\n    return sum(m.fit(x, y).history['accuracy']) / 40",
    ],
)
def test_a_mean_over_epochs(code):
    assert "all epochs" in analysed("x = 1", code)["mean-over-epochs"].message


def trained_in(number, networks):
    """The networks as cell `number` trains them, in its first line."""
    where = cell(number).model_copy(update={"line": 1})
    return [replace(one, record=one.record.model_copy(update={"where": where})) for one in networks]


@pytest.mark.parametrize(
    ("cells", "task"),
    [
        (("h = m.fit(x)", "np.mean(h.history['acc'])", "runs = fit(x)", "c = cnn.fit(x)"), "2C"),
        (("h = m.fit(x)", "1", "h = m.fit(x)", "c = cnn.fit(x)", "np.mean(h.history['acc'])"), "2D"),
        (("h = m.fit(x)", "1", "h = m.fit(x)", "h = cnn.fit(x)", "np.mean(h.history['acc'])"), "3A"),
        (("1", "1", "1", "h = cnn.fit(x); np.mean(h.history['acc'])"), "3A"),
        (("def f(h): return np.mean(h.history['acc'])", "1", "1", "1"), "2C"),
        (("1", "1", "1", "1", "np.mean(other.history['acc'])"), "3A"),
    ],
)
def test_the_task_of_a_mean_over_epochs_is_that_of_the_networks_it_is_of(cells, task):
    networks = [*trained_in(1, [mlp()]), *trained_in(3, sweep()), *trained_in(4, [cnn()])]
    finding = written(*cells, networks=networks)["mean-over-epochs"]
    assert finding.task == task
    assert ("replicate" in finding.message) == (task == "2D")


@pytest.mark.parametrize(
    "code",
    [
        "np.mean([h.history['val_accuracy'][-1] for h in runs])",
        "accs.append(h.history['val_accuracy'][-1])\nnp.mean(accs)",
        "rows = []\nrows.append(h.history['val_accuracy'])\nm = np.mean(rows, axis=0)",
        "rows.append(h.history['val_accuracy'])\nlast = np.array(rows)[:, -1]\nprint(last.mean())",
        "accs = h.history['val_accuracy']\naccs = accs[-1]\nnp.mean(accs)",
        "def plot(h):\n    acc = h.history['accuracy']\n    plt.plot(acc)\nacc = [1, 2]\nnp.mean(acc)",
        "np.mean(h.history['loss'])",
        "max(h.history['val_accuracy'])",
        "curve = h.history['val_accuracy']\nsmooth = [np.mean(curve[i:i+3]) for i in range(38)]",
        "[np.mean(results[i:i+3]) for i in range(0, 15, 3)]",
        "[np.mean(results[3*i:3*i+3]) for i in range(5)]",
        "[np.mean(pixels[i:i+3]) for i in range(5)]",
    ],
)
def test_other_means_are_no_finding(code):
    assert "mean-over-epochs" not in analysed(code)


@pytest.mark.parametrize(
    "code",
    [
        "means = [np.mean(results[i:i+3]) for i in range(len(results) - 2)]",
        "for i in range(5):\n    m = np.mean(val_accs[i:i + replicates])",
    ],
)
def test_windows_that_overlap(code):
    assert "overlap" in analysed(code)["mean-over-epochs"].message


def test_means_of_a_hand_in_without_a_sweep_are_no_finding():
    assert "mean-over-epochs" not in written("np.mean(h.history['val_accuracy'])", networks=[mlp()])


# --- loops over noise levels

SALT = "def salt_and_pepper(images, noise_level=0.5):\n    return images\n"


@pytest.mark.parametrize(
    "loop",
    [
        "for level in levels:\n    noisy = salt_and_pepper(x_test, noise_level)\n    print(level)",
        "for i, level in enumerate(levels):\n    axes[i].imshow(salt_and_pepper(x_test, 0.4)[0])",
        "for noise in [0, 0.5, 1]:\n    noisy = salt_and_pepper(x_test)",
        "for i in range(len(noise_levels)):\n    noisy = add_noise(x_test, 0.4)\n    show(noisy, noise_levels[i])",
    ],
)
def test_a_loop_that_never_uses_its_level(loop):
    made = written("%matplotlib inline\n!pip list\n" + SALT, loop)["noise-level-unused"]
    assert made.where.cell == 2
    assert made.where.line == next(n for n, line in enumerate(loop.splitlines(), 1) if "(x_test" in line)


@pytest.mark.parametrize(
    "loop",
    [
        "for level in levels:\n    noisy = salt_and_pepper(x_test, level)",
        "for i in range(len(noise_levels)):\n    noisy = salt_and_pepper(x_test, noise_levels[i])",
        "for i, level in enumerate(levels):\n    p = level / 10\n    noisy = salt_and_pepper(x_test, level=p)",
        "for level in levels:\n    clean = salt_and_pepper(x_test, 0)\n    noisy = salt_and_pepper(x_test, level)",
        "for noise_level in levels:\n    s = season(x)\ndef season(images):\n    return images * noise_level",
        "for epoch in range(10):\n    noisy = salt_and_pepper(x_test, 0.4)",
        "for level in levels:\n    print(level)",
        "for level in levels:\n    model.add(GaussianNoise(0.1))",
        "for level in levels: (",
    ],
)
def test_other_loops_are_no_finding(loop):
    assert "noise-level-unused" not in written(SALT, loop)


def seasoned(number, mean, **changes):
    x = images(source=None, rows=None, mean=mean, **changes)
    return network(fit(id=f"again-{number}", data=data(x=x), where=cell(9)))


def test_a_classifier_for_each_level():
    loop = "for level in levels:\n    train(classifier(), salt_and_pepper(x_train, level))"
    again = [seasoned(number, 0.1 + 0.05 * number) for number in range(3)]
    made = written(SALT, loop, networks=[mlp(), *again])["classifier-retrained-per-level"]
    assert "3 classifiers" in made.message
    assert (made.where.cell, made.where.line) == (2, 1)
    from_a_model = Derivation(model=7, given=images())
    denoised = [seasoned(number, 0.1, derived=from_a_model) for number in range(3)]
    assert written(networks=[mlp(), *denoised])["classifier-retrained-per-level"].where == cell(9)


@pytest.mark.parametrize("means", [(0.2, 0.3), (0.2, 0.2, 0.2)])
def test_a_few_other_images_are_no_finding(means):
    """Training on noisy images once, or three networks on one array that was not recognised."""
    again = [seasoned(number, mean) for number, mean in enumerate(means)]
    assert "classifier-retrained-per-level" not in written(networks=[mlp(), *again])


# --- the shape that noise is put on


def failing(message, *cells, line=2):
    where = Where(file="assignment.ipynb", cell=1, line=line)
    return written(*cells, errors=[CellError(where=where, type="ValueError", message=message)])


SHAPES = 'Input 0 of layer "functional_1" is incompatible: expected shape=(None, 784), found shape=(2, 28, 28, 1)'


def test_noise_on_images_for_a_network_of_rows():
    made = failing(SHAPES, "seasoned = salt_and_pepper(x_test, 0.4)\nautoencoder.predict(seasoned)")
    assert made["noise-function-shape"].where.line == 2


def test_a_noise_function_for_rows():
    text = "def salt_and_pepper(images, level):\n    n, d = images.shape\n    return images"
    assert "noise-function-shape" in failing("too many values to unpack (expected 2)", text)


@pytest.mark.parametrize(
    ("message", "text"),
    [
        (SHAPES, "x = x_test\nmodel.predict(x)"),
        ("expected shape=(None, 784), found shape=(2, 96)", "s = salt_and_pepper(x, 0.4)\nm.predict(s)"),
        ("too many values to unpack", "a = 1\nx, y = z\nsalt_and_pepper(x, 0.4)"),
    ],
)
def test_other_shapes_are_no_finding(message, text):
    assert "noise-function-shape" not in failing(message, text)


# --- results in the source


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("# model = build()\n# history = model.fit(x, y, epochs=40)", 2),
        ("x = 1\n    #model.fit(\n", 2),
        ("#models[i].fit(x, y)", 1),
    ],
)
def test_training_that_is_commented_out(text, line):
    assert written(text)["commented-out-training"].where.line == line


@pytest.mark.parametrize(
    "text", ["# we fit the model (10 epochs)", "model.fit(x, y)  # model.fit( before", "# outfit(x)"]
)
def test_other_comments_are_no_finding(text):
    assert "commented-out-training" not in written(text)


def test_tries_left_over_are_no_finding_where_every_task_is_trained():
    assert "commented-out-training" not in on(
        recording=Recording(
            kind="notebook", complete=True,
            fits=tuple(one.record for one in (mlp(), cnn(), *sweep(), autoencoder())),
            sources=(SourceRecord(where=cell(9), text="# model.fit(x, y, epochs=20)"),),
        )
    )  # fmt: skip


def test_a_try_beside_the_training_is_no_finding():
    made = mlp(where=Where(file="assignment.ipynb", cell=1, line=2))
    text = "# model.fit(x, y, epochs=20)\nmodel.fit(x, y)\nold = [0.971, 0.972, 0.973, 0.974, 0.975]"
    assert not {"commented-out-training", "hard-coded-results"} & set(written(text, networks=[made]))


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("mean = [0.9812, 0.9823, 0.9809, 0.9801, 0.9790]", True),
        ("r = {1e-6: (98.12, 98.23), 1e-3: [98.09, 98.01, 97.9, 97.95]}", True),
        ("plt.plot(x, [0.981, 0.982, 0.983, 0.984, 0.985])", True),
        ("levels = [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]", False),
        ("hinton = 0.9847", False),
        ("factors = [0.000001, 0.00001, 0.0001, 0.0005, 0.001]", False),
        ("best = [0.9812, 0.9823, 0.9809]", False),
    ],
)
def test_results_written_into_the_code(text, is_one):
    assert ("hard-coded-results" in written(text)) == is_one


# --- the template

TEMPLATE = (
    "# Assignment 7\n\nWrite the names of your group here.",
    "**2A** How many layers does the network below have?\n\n**2C** Train it for 10 epochs, and plot the accuracy.",
    "And here is an autoencoder.",
    "*Your answers here.*",
)
ANSWER = "The pixels are divided by 255 and lie between zero and one. " * 4


def test_the_template_as_it_was_handed_out():
    assert "template-unsolved" in written(answers=TEMPLATE, networks=[mlp()])
    assert "template-unsolved" in written(answers=TEMPLATE)


def test_what_was_worked_on_is_not_the_template():
    assert "template-unsolved" not in written(answers=(*TEMPLATE, ANSWER), networks=[mlp()])
    assert "template-unsolved" not in written(answers=(*TEMPLATE[:3], f"## Answer\n{ANSWER}"), networks=[mlp()])
    assert "template-unsolved" not in written(answers=TEMPLATE, networks=[mlp(), cnn()])
    for worked_on in (
        "plt.plot(h.history['accuracy'])",
        "# cnn.fit(x, y)",
        "import torch\nnet = torch.nn.Linear(1, 1)",
    ):
        assert "template-unsolved" not in written(worked_on, answers=TEMPLATE, networks=[mlp()])
    error = CellError(where=cell(1), type="NameError", message="name 'x' is not defined")
    assert "template-unsolved" not in written("cnn.fit(x, y)", answers=TEMPLATE, errors=[error])
    report = SubmissionFacts(name="g", sha256=SHA, files=(SubmittedFile(name="report.PDF", bytes=9, sha256=SHA),))
    assert "template-unsolved" not in written(answers=TEMPLATE, submission=report)
