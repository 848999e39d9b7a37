"""Checks of task 2D: weight decay on 784-500-300-10, five factors, three replicates, forty epochs.

The procedure earns the points, each part on its own. What it measured is shown beside Hinton's 0.9847 and decides
nothing: three replicates tell little.
"""

from collections import Counter

import pytest

from harness.checking import Failed, Partial, require_trained
from harness.verdicts import measure_mean

HINTON = 0.9847
LOWEST, HIGHEST = 1e-6, 1e-3
FACTORS, REPLICATES, EPOCHS = 5, 3, 40
ASKED = (500, 300)


def _fresh(sweep):
    """The networks that do not go on from an earlier one."""
    return [network for network in sweep if network.fresh]


def _start(network, recorded):
    """What tells the network's first weights: their hash; the fit's own name where they are not known."""
    merged = network.evidence.merged
    first = recorded.get(merged[0][0], network.record) if merged else network.record
    return first.initial or first.id


def _require_whole(sweep):
    """Ends the check where a fit fails, which ends the loop: the networks after it are not known."""
    failing = next((network for network in sweep if network.record.error), None)
    if failing is not None:
        require_trained(failing, "The network")


def _stacked(sweep):
    """The first network that stands on the layers of the one before, or None."""
    return next((network for network in sweep if not network.fresh and len(network.of_class("Dense")) > 3), None)


def _before(network, epochs):
    """Epochs of the earlier fits that a network goes on from."""
    return 0 if network.fresh else sum(epochs.get(fit, 0) for fit in network.record.previous)


def _say_stacked(network):
    return (
        f"2D stacks layers in {network.where}: each pass of the loop adds its layers to the same model, which has "
        f"grown to {len(network.of_class('Dense'))} dense layers and {network.params:,} parameters by then"
    )


def _units(hidden):
    return "-".join(str(units) for units in hidden) or "none"


def kernel_factors(network):
    """The L2 factors on the kernels of the hidden dense layers, in their order; None where there is none.

    Beside layers of 500 and 300, which are asked, others are left out: that they are there is another check's.
    """
    found = []
    hidden = network.of_class("Dense")[:-1]
    asked = [layer for layer in hidden if layer.units in ASKED]
    for layer in asked if {layer.units for layer in asked} == set(ASKED) else hidden:
        l2 = [text.split()[2] for text in layer.regularizers if text.startswith("kernel L2 ")]
        found.append(float(l2[0]) if l2 else None)
    return found


def factor_of(network):
    """The one factor of a network: that of its first regularised kernel; None where there is none.

    Where no hidden kernel has L2, that of any other regulariser: a decay in the wrong place is one mistake, and
    factors and replicates are counted all the same.
    """
    misplaced = [float(text.split()[2]) for layer in network.layers for text in layer.regularizers]
    return next((factor for factor in (*kernel_factors(network), *misplaced) if factor is not None), None)


@pytest.mark.check("2D", 0.15)
def check_hidden_units(sweep, verdict):
    """The networks have hidden layers of 500 and 300 units."""
    verdict.where = sweep[0].where
    stacked = _stacked(sweep)
    if stacked is not None:
        message, hint = f"{_say_stacked(stacked)}.", "Make the model inside the loop: model = Sequential([…])."
        if sweep[0].hidden_units != ASKED:
            message += f" It begins with {_units(sweep[0].hidden_units)}; asked are 500-300."
            hint = "Dense(500), then Dense(300), in a model that is made inside the loop."
        raise Failed(message, hint, where=stacked.where)
    wrong = next((network for network in sweep if network.hidden_units != ASKED), None)
    verdict.measured("parameters", sweep[0].params, how="counted on the first rebuilt network")
    verdict.threshold("asked", 545_810, "assignment")
    if wrong is not None:
        raise Failed(
            f"The hidden layers are {_units(wrong.hidden_units)}; asked are 500-300.",
            "Dense(500), then Dense(300).",
            where=wrong.where,
        )
    verdict.says("Hidden layers 500-300, 545,810 parameters.")


@pytest.mark.check("2D", 0.2)
def check_weight_decay(sweep, verdict):
    """L2 weight decay lies on the kernels of both hidden layers, and on nothing else."""
    for network in sweep:
        verdict.where = network.where
        everything = [text for layer in network.layers for text in layer.regularizers]
        activity = [text for text in everything if text.startswith("activity")]
        l1 = [text for text in everything if " L1" in text]
        if activity:
            raise Failed(
                "activity_regularizer punishes the outputs of a layer, not its weights.",
                "Use kernel_regularizer=regularizers.L2(factor).",
                where=network.where,
            )
        if l1:
            raise Failed(
                "L1 is not weight decay: it punishes |w|, not w².",
                "Use regularizers.L2(factor).",
                where=network.where,
            )
        hidden = kernel_factors(network)
        if not everything:
            raise Failed(
                "No layer has weight decay.", "kernel_regularizer=regularizers.L2(factor)", where=network.where
            )
        if None in hidden or len(hidden) < 2:
            which = "Only some" if any(factor is not None for factor in hidden) else "None"
            raise Failed(
                f"{which} of the hidden layers have weight decay on their kernel.",
                "Give both hidden layers kernel_regularizer=regularizers.L2(factor).",
                where=network.where,
            )
    stacked = _stacked(sweep)
    if stacked is not None:
        raise Failed(
            "The layers of earlier passes stay in the model with their own factors, so no network has one factor.",
            "Make the model inside the loop: model = Sequential([…]).",
            where=stacked.where,
        )
    extra = next(
        (network for network in sweep for layer in network.of_class("Dense")[-1:] if layer.regularizers), None
    )
    if extra is not None:
        raise Partial(
            "Besides the hidden layers the output layer is regularised too.",
            "Leave the output layer without kernel_regularizer.",
            share=0.5,
            where=extra.where,
        )
    verdict.says("L2 on the kernels of both hidden layers.")


@pytest.mark.check("2D", 0.15)
def check_factors(sweep, verdict):
    """Five different factors between 1e-6 and 1e-3 are tried."""
    _require_whole(sweep)
    verdict.where = sweep[0].where
    factors = sorted({factor for network in _fresh(sweep) if (factor := factor_of(network)) is not None})
    outside = [factor for factor in factors if not LOWEST * 0.999 <= factor <= HIGHEST * 1.001]
    verdict.measured("factors", len(factors), how="distinct L2 factors of freshly made networks")
    verdict.threshold("asked", FACTORS, "assignment")
    shown = ", ".join(f"{factor:.3g}" for factor in factors) or "none"
    if outside:
        raise Failed(
            f"The factors are {shown}; {outside[0]:g} lies outside 1e-6 … 1e-3.",
            "np.linspace(1e-6, 1e-3, 5) or np.logspace(-6, -3, 5)",
            where=sweep[0].where,
        )
    if len(factors) < FACTORS:
        seen = f"{len(factors)} factor{' is' if len(factors) == 1 else 's are'}"
        message = f"Only {seen} trained in fresh networks ({shown}); 5 are asked."
        hint = "Loop over five factors and make a new model for each."
        if len(factors) > 1:
            raise Partial(message, hint, share=len(factors) / FACTORS, where=sweep[0].where)
        raise Failed(message, hint, where=sweep[0].where)
    verdict.says(f"Factors {shown}.")


@pytest.mark.check("2D", 0.15)
def check_replicates(sweep, evidence, verdict):
    """Each factor is trained three times, each time from a fresh network with initial weights of its own."""
    _require_whole(sweep)
    verdict.where = sweep[0].where
    recorded = {fit.id: fit for fit in evidence.recording.fits}
    fresh = [network for network in _fresh(sweep) if factor_of(network) is not None]
    different = {(factor_of(network), _start(network, recorded)) for network in fresh}
    counts = Counter(factor for factor, _ in different)
    fewest = min(counts.values(), default=0)
    verdict.measured("replicates", fewest, how="fresh networks of the factor that has fewest, equal ones once")
    verdict.threshold("asked", REPLICATES, "assignment")
    if fewest < REPLICATES:
        continued, equal = len(sweep) - len(_fresh(sweep)), len(fresh) - len(different)
        reason = (
            f" {continued} of {len(sweep)} fits go on training an earlier model instead of a fresh one."
            if continued
            else ""
        )
        if equal:
            reason += (
                f" {equal} of {len(sweep)} networks start from the same weights as another of their factor, so "
                "they are one network trained again."
            )
        networks = f"{fewest} fresh network{'s' if fewest != 1 else ''}"
        raise Failed(
            f"Replicates are missing: the factor with fewest has {networks}, 3 are asked.{reason}",
            "Set the seed once, before the loops, and not again for each model; give initializers no seed."
            if equal
            else "For each factor make and train three models: two loops, the model made in the inner one.",
            where=sweep[0].where,
        )
    verdict.says(f"{fewest} fresh networks a factor.")


@pytest.mark.check("2D", 0.15)
def check_epochs(sweep, verdict):
    """Each network is trained for 40 epochs."""
    epochs = {network.record.id: network.epochs for network in sweep}
    totals = [(network, network.epochs + _before(network, epochs)) for network in sweep]
    network, total = max(totals, key=lambda pair: abs(pair[1] - EPOCHS))
    verdict.where = network.where
    verdict.measured("epochs", total, how="of the network that is furthest off, earlier fits of it included")
    verdict.threshold("asked", EPOCHS, "assignment")
    if total != EPOCHS and not network.fresh:
        raise Failed(
            f"The same model is trained {len(network.record.previous) + 1} times: its layers see {total} epochs.",
            "Make a fresh model for each training.",
            where=network.where,
        )
    if total != EPOCHS:
        raise Failed(
            f"A network of the sweep is trained for {total} epochs; 40 are asked.",
            "model.fit(…, epochs=40)",
            where=network.where,
        )
    verdict.says("40 epochs each.")


@pytest.mark.check("2D", 0.0)
def check_comparison(sweep, evidence, verdict):
    """Shown for comparison, without points: the best factor's mean accuracy beside Hinton's 0.9847."""
    verdict.where = sweep[0].where
    by_factor = {}
    for network in sweep:
        if network.accuracies and factor_of(network) is not None:
            by_factor.setdefault(factor_of(network), []).extend(network.accuracies)
    if not by_factor:
        verdict.says("No network of the sweep was trained here, so there is nothing to compare.")
        return
    best = max(by_factor, key=lambda factor: sum(by_factor[factor]) / len(by_factor[factor]))
    values = by_factor[best]
    mean = sum(values) / len(values)
    measure_mean(verdict, "best mean accuracy", values, f"factor {best:g}, last epoch, mean over replicates")
    scaled = sweep[0].evidence.scaled
    epochs = f" Trained here for {scaled.epochs} epochs in place of those handed in." if scaled else ""
    runs = f"{mean:.2%} over {len(values)} run{'s' if len(values) > 1 else ''}"
    told = f"Factor {best:g} is best: {runs}" if len(by_factor) > 1 else f"There is one factor, {best:g}: {runs}"
    if evidence.dataset.name != "mnist":
        verdict.says(f"{told}.{epochs} Hinton's entry is of MNIST, so there is nothing to hold it against here.")
        return
    verdict.threshold("Hinton's entry", HINTON, "assignment")
    verdict.says(
        f"{told}, {100 * abs(HINTON - mean):.2f} percentage points "
        f"{'below' if mean < HINTON else 'above'} Hinton's.{epochs} So few replicates decide nothing; "
        "the procedure earns the points."
    )
