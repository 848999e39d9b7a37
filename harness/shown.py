"""What measurements look like: galleries and curves as data, for an assignment's `figures.py` to choose from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.evidence import Evidence
from harness.measured import CodesAgainstPixels, Denoising, Generation, Reconstruction
from harness.results import Gallery, GalleryRow, Plot, Series
from harness.text import signed


def denoising_gallery(curves: Denoising, task: str) -> Gallery:
    """Original images, and at each level what noise and then the denoiser made of them."""
    rows = _rows(curves.strips, ("original", "seasoned", "denoised"), curves.strip_levels, curves.strip_images)
    return Gallery(
        task=task, title="Original, seasoned, denoised", rows=tuple(rows),
        note="Noise of the harness's own, and the submitted autoencoder as trained here.",
    )  # fmt: skip


def denoising_plots(curves: Denoising, task: str, note: str = "") -> Iterator[Plot]:
    """A classifier's accuracy against the noise level, and what denoising gains it."""
    yield Plot(
        task=task,
        title="Accuracy against noise level",
        x_label="noise level",
        y_label="accuracy",
        series=(
            Series(label="seasoned", x=curves.levels, y=curves.seasoned),
            Series(label="denoised", x=curves.levels, y=curves.denoised),
        ),
        note=f"{curves.images:,} evaluation images a level; both curves on the same images with the same noise."
        f"{note}",
    )
    yield _gain(
        task, "Gain from denoising", "accuracy gained", "denoised − seasoned", curves,
        "Bars are 95 % intervals of paired proportions.",
    )  # fmt: skip


def generation_gallery(made: Generation, task: str) -> Gallery:
    """What a decoder draws by itself."""
    return Gallery(
        task=task, title="What the decoder draws",
        rows=(GalleryRow(label="generated", png=made.strip, images=made.strip_images),),
        note="Drawn by the hand-in's own code, run again with the trained weights."
        if made.own
        else "From codes between those of two training images of a class, slightly perturbed.",
    )  # fmt: skip


def reconstruction_gallery(made: Reconstruction, task: str) -> Gallery:
    """Raw images, and at each level the noisy and the denoised ones, with the range of their losses."""
    losses = [f", loss {min(shown):.4f} to {max(shown):.4f}" for shown in made.shown_denoised]
    return Gallery(
        task=task, title="Raw, noisy, denoised",
        rows=tuple(_rows(made.strips, ("raw", "noisy", "denoised"), made.levels, made.shown, losses)),
        note="Noise of the harness's own, and the submitted autoencoder as trained here. The loss is the mean "
        "squared error a pixel of each image, against the raw one.",
    )  # fmt: skip


def reconstruction_plots(made: Reconstruction, task: str, note: str = "") -> Iterator[Plot]:
    """The loss an image against the noise level, before and after, and what is gained."""
    kind = made.noise.replace("_", " ")
    yield Plot(
        task=task,
        title=f"Reconstruction loss against {kind} noise",
        x_label="noise level",
        y_label="squared error a pixel",
        series=(
            Series(label="noisy", x=made.levels, y=made.noisy),
            Series(label="denoised", x=made.levels, y=made.denoised),
        ),
        lines=(("clean images", made.clean),),
        note=f"{made.images:,} evaluation images a level; both curves on the same noisy images. The line is what "
        f"is lost of images without noise.{note}",
    )
    yield _gain(
        task, "Gain over the noisy image", "error removed a pixel", "noisy − denoised", made,
        "Bars are 95 % intervals over images.",
    )  # fmt: skip


def codes_plot(made: CodesAgainstPixels, task: str) -> Plot:
    """A classifier's accuracy on codes and on pixels, seed by seed."""
    seeds = tuple(float(seed + 1) for seed in made.seeds)
    said = f"Codes less pixels: {100 * made.difference:+.1f} percentage points on average"
    if made.low is not None and made.high is not None:
        said += f", 95 % interval {100 * made.low:+.1f} to {100 * made.high:+.1f}"
    return Plot(
        task=task,
        title="The same classifier on pixels and on codes",
        x_label="seed",
        y_label="accuracy",
        series=(
            Series(label="pixels", x=seeds, y=made.pixels),
            Series(label=f"codes of {made.values}", x=seeds, y=made.codes),
        ),
        note=f"{signed(said)}. The two runs of a seed share all the chance that they can.",
    )


def own_levels(evidence: Evidence) -> str:
    """The noise that the hand-in itself evaluated or denoised with, as a sentence; empty where none was seen."""
    given = [use.x.derived.given if use.x.derived else use.x for use in evidence.recording.uses]
    levels = {round(array.noise.level, 2) for array in given if array.noise is not None}
    if not levels:
        return ""
    shown = ", ".join(f"{level:g}" for level in sorted(levels)[:20])
    return f" The hand-in’s own code puts noise of {shown} on images."


def _rows(
    strips: dict[str, tuple[str, ...]], kinds: tuple[str, str, str], levels: Sequence[float], images: int,
    more: Sequence[str] = (),
) -> Iterator[GalleryRow]:  # fmt: skip
    """The images as they are, then the two other kinds level by level; `more`: what is said of the last kind."""
    clean, noisy, denoised = kinds
    yield GalleryRow(label=clean, png=strips[clean][0], images=images)
    for number, level in enumerate(levels):
        said = more[number] if more else ""
        yield GalleryRow(label=f"{noisy}, level {level:g}", png=strips[noisy][number], images=images)
        yield GalleryRow(label=f"{denoised}, level {level:g}{said}", png=strips[denoised][number], images=images)


def _gain(task: str, title: str, y_label: str, label: str, made: Denoising | Reconstruction, note: str) -> Plot:
    return Plot(
        task=task,
        title=title,
        x_label="noise level",
        y_label=y_label,
        series=(Series(label=label, x=made.levels, y=made.gain, low=made.gain_low, high=made.gain_high),),
        lines=(("no gain", 0.0),),
        note=note,
    )
