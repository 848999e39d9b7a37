"""Text of a hand-in that speaks to whoever reviews it, as one does to a language model.

No program that reads a hand-in here follows what stands in it. But somebody may paste it into one that does, and
should know. The patterns are narrow: they want an order or a claim about marking, not the mere word.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from harness.recording import Finding, Passage, Recording

MOST = 5  # notes of one hand-in
MAX_CHARACTERS = 2_000_000  # that are searched; a long notebook has 60,000
SHOWN = 120  # characters of a passage that are quoted
_OLD = r"(?:all |any |every |your |the |my |these |those |of )*(?:previous|prior|above|earlier|preceding|system)"
_PATTERNS = (
    rf"(?:ignore|disregard|forget|override)\s+{_OLD}\s+(?:instruction|prompt|rule|direction|message)s?",
    r"(?:ignore|disregard|skip|override)\s+(?:the |your |this |any |all )*(?:rubric|grading|marking|assessment)\b",
    r"(?:as|you are|you're|act as|note to|note for|message to|message for|dear|attention)\s+(?:an? |the |any )*"
    r"(?:AI|LLM|language model|GPT|ChatGPT|Claude|Gemini|Copilot|automated|automatic)[\s-]*"
    r"(?:grader|grading|reviewer|marker|assessor|evaluator|examiner|teaching assistant|TA)\b",
    r"(?:give|award|assign|grant)\s+(?:this|the|my|our)\s+(?:submission|hand-in|assignment|student|group|work|solution|"
    r"notebook)\s+(?:a |an |the )*(?:full|maximum|max|top|perfect|highest|100|10/10|A\+?)\b",
    r"(?:mark|grade|score)\s+(?:this|every|all|each)\s+(?:\w+\s+){0,3}(?:as\s+)?(?:correct|passed|full marks)\b",
)
_ADDRESSED = re.compile("|".join(_PATTERNS), re.IGNORECASE)


def addressed(recording: Recording) -> Iterator[Finding]:
    """A note for each piece of code, answer or report that does so, MOST of them at most."""
    left, told = MAX_CHARACTERS, 0
    pages = (page for report in recording.reports for page in report.passages)
    for passage in (*_code(recording), *recording.answers, *pages):
        left -= len(passage.text)
        if left < 0 or told == MOST:
            return
        said = _ADDRESSED.search(" ".join(passage.text.split()))
        if said:
            told += 1
            quoted = said[0][:SHOWN]
            yield Finding(
                code="addressed-to-a-reviewer",
                message=f"This text seems to tell a reviewer, perhaps a program, how to mark: “{quoted}”. "
                "Nothing that marks here follows it; read it with that in mind.",
                where=passage.where,
            )


def _code(recording: Recording) -> Iterator[Passage]:
    for source in recording.sources:
        yield Passage.model_construct(where=source.where, text=source.text)  # code may be longer than a passage
