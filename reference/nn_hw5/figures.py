"""Which figures this assignment shows."""

from collections.abc import Iterator

from harness import shown
from harness.evidence import Evidence
from harness.results import Gallery, Plot, Series


def plots(evidence: Evidence) -> Iterator[Plot]:
    """The losses of the autoencoder, its errors over noise levels, and the classifier on codes and pixels."""
    yield from _losses(evidence)
    if evidence.reconstruction is not None:
        yield from shown.reconstruction_plots(evidence.reconstruction, "4", shown.own_levels(evidence))
    if evidence.codes is not None:
        yield shown.codes_plot(evidence.codes, "6")


def galleries(evidence: Evidence) -> Iterator[Gallery]:
    """Raw, noisy and denoised images."""
    if evidence.reconstruction is not None:
        yield shown.reconstruction_gallery(evidence.reconstruction, "4")


def _losses(evidence: Evidence) -> Iterator[Plot]:
    for network in evidence.networks("3")[:1]:
        if network.evidence.runs and network.evidence.runs[0].curve.loss:
            curve = network.evidence.runs[0].curve
            kinds = (("training", curve.loss), ("validation", curve.val_loss))
            yield Plot(
                task="3",
                title="Loss per epoch",
                x_label="epoch",
                y_label="mean squared error",
                series=tuple(
                    Series(label=name, x=tuple(float(epoch + 1) for epoch in range(len(values))), y=values)
                    for name, values in kinds
                    if values
                ),
                note="Trained here. Dropout acts in training alone, so that the validation loss may lie below.",
            )
