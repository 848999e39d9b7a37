"""One JSON document of all results: what `result.json` holds of each, in one file."""

from __future__ import annotations

import json
from collections.abc import Sequence

import harness
from harness.results import SCHEMA_VERSION, Result


def class_json(results: Sequence[Result]) -> str:
    """The results as JSON in ASCII: `{"schema_version", "harness", "results": […]}`, each as in its `result.json`.

    Strings of a hand-in stay what they are, written so that no terminal, page or editor obeys them: everything but
    plain ASCII is escaped, and so is `<`.
    """
    document = {
        "schema_version": SCHEMA_VERSION,
        "harness": harness.__version__,
        "results": [result.model_dump(mode="json") for result in results],
    }
    return json.dumps(document, indent=1).replace("<", "\\u003c").replace("\x7f", "\\u007f") + "\n"
