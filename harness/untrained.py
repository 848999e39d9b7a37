"""Evidence of a check that trains nothing: what training would show is said to be left out, by nobody's fault."""

from __future__ import annotations

from harness.evidence import Evidence, Unmeasured
from harness.results import Cause

LEFT_OUT = "training was left out of this check"


def untrained(evidence: Evidence) -> Evidence:
    """The evidence as it is before training, with that as the reason wherever there is no other one."""
    fits = {
        name: fit
        if fit.problem is not None
        else fit.model_copy(update={"problem": LEFT_OUT, "cause": Cause.NOT_TRAINED})
        for name, fit in evidence.fits.items()
    }
    missing = Unmeasured(reason=LEFT_OUT, cause=Cause.NOT_TRAINED)
    unmeasured = {"denoising": missing, "generation": missing, **evidence.unmeasured}
    return evidence.model_copy(update={"fits": fits, "unmeasured": unmeasured})
