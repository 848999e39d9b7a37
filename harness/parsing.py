"""Reading a recording from the bytes that crossed the sandbox wall: strictly, at bounded cost."""

from __future__ import annotations

import json
import math
import re
from typing import Any

from pydantic import ValidationError

from harness.recording import MAX_RECORDING_BYTES, Recording

_TOKENS = re.compile(
    rb'"(?:[^"\\]|\\.)*+"?|[\[\]{},]', re.DOTALL
)  # possessive: a string without end costs one pass
MAX_DEPTH = 40  # nested containers in the JSON text; a model inside a model needs about 12
MAX_ITEMS = 5_000  # of one list or object, as many as the longest list of a recording may have
MAX_VALUES = 1_000_000  # in all; a long notebook has 15,000, and what is honest is told in 20 bytes a value
MAX_PLACE = 200  # characters of an error's place, which may hold a key of any length


class RecordingError(ValueError):
    """A recording that does not obey its own types; the message says where."""


def parse_recording(data: bytes) -> Recording:
    """The recording in these UTF-8 JSON bytes.

    Raises RecordingError for anything else: too long, too deep, too many values, duplicate keys, NaN or infinity,
    numbers of absurd length, or a value that breaks a type. Never another exception.
    """
    if len(data) > MAX_RECORDING_BYTES:
        raise RecordingError(f"recording of {len(data):,} bytes; at most {MAX_RECORDING_BYTES:,} are read")
    _check_extent(data)
    try:
        plain = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_no_duplicates,
            parse_constant=_no_constant,
            parse_int=_short_int,
            parse_float=_finite_float,
        )
        # Through JSON once more: strict mode reads tuples from JSON arrays, but not from Python lists.
        return Recording.model_validate_json(json.dumps(plain))
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise RecordingError(f"{place[:MAX_PLACE]}: {first['msg']}") from None
    except RecordingError:
        raise
    except (ValueError, RecursionError) as error:
        raise RecordingError(f"not a recording: {type(error).__name__}") from None


def _check_extent(data: bytes) -> None:
    """Refuse JSON text by its brackets and commas, not counting those inside strings, before anything is built."""
    items: list[int] = []  # of each container that is open, from the outermost
    values = 0
    for token in _TOKENS.finditer(data):
        mark = token[0]
        if mark in b"]}":
            if items:
                items.pop()
        elif mark == b"," and items:
            values += 1
            items[-1] += 1
            if items[-1] >= MAX_ITEMS:
                raise RecordingError(f"recording with more than {MAX_ITEMS:,} values in one list or object")
        elif mark in b"[{":
            values += 1
            items.append(0)
            if len(items) > MAX_DEPTH:
                raise RecordingError(f"recording nested deeper than {MAX_DEPTH} levels")
        if values > MAX_VALUES:
            raise RecordingError(f"recording of more than {MAX_VALUES:,} values")


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    plain = dict(pairs)
    if len(plain) != len(pairs):
        raise RecordingError("the same key twice in one object")
    return plain


def _no_constant(text: str) -> float:
    raise RecordingError(f"{text} is not a number that a recording may hold")


def _finite_float(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):  # 1e999 is JSON, and infinite
        raise RecordingError(f"{text[:40]} is too large a number")
    return number


def _short_int(text: str) -> int:
    if len(text) > 20:
        raise RecordingError("a whole number of more than 20 digits")
    return int(text)
