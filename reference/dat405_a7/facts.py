"""Facts in written answers that a machine can check. They are shown as right or wrong and earn nothing."""

import ast
import re
from collections.abc import Iterator

PARAMETERS = {"2A": 55_050, "4A": 226_416}
PARTS = {"2A": {50_240, 4_160, 650}, "4A": {100_480, 12_384, 12_416, 101_136}}  # a layer each: n·m + m
MAX_TEXT = 40_000  # characters looked at; patterns repeat only so often, because the text may be hostile
RIGHT_LAYERS = "3, or 4 with the input"

_GAP = r"(?:[\s,.'’\u00a0\u2009\u202f]|\\,|\{,\})?"  # how people set thousands apart
_COUNTED = re.compile(
    rf"(?<![\d.,])(\d{{1,3}}(?:{_GAP}\d{{3}}){{1,3}}|\d{{4,7}})(?!\d|[.,]\d)(?=\W{{0,4}}(?:\w{{1,30}}\W{{1,4}}){{0,2}}?(?:param|weights))",
    re.I,
)
_EXPRESSION = re.compile(r"[\d(][\d\s()*+×·x]{4,150}[\d)]")
_NUMBERS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "två": 2, "tre": 3, "fyra": 4, "fem": 5}
_LAYERS = re.compile(
    rf"\b(\d|{'|'.join(_NUMBERS)})\s{{1,3}}((?:[\w-]{{1,30}}\s{{1,3}}){{0,2}}?)(?:layers|lager)\b", re.I
)
_SOME = re.compile(r"(?i)hidden|conv|pool|dolda|gömda|of|the|other|more|first|last|next")
_INPUT = re.compile(r"(?i)input|flatten|784|inmatning|ingång")
_CROSS_ENTROPY = re.compile(  # "cross-entropy for several categories" names it as well
    r"(?i)categor\w{0,6}[\s_-]{0,3}cross[\s_-]{0,3}entropy|cross[\s_-]{0,3}entropy\b.{0,40}\bcategor"
    r"|kategorisk\w{0,6}[\s_-]{1,3}(?:kors|cross)[\s_-]?entropi"
)
_LOGARITHM = re.compile(r"\\?(?:log|ln)(?![a-zåäö])", re.I)
_SUM_OR_MINUS = re.compile(
    r"\\sum|∑|Σ|\bsum|[-−–]\s{0,3}\\?(?:log|ln|\w{1,8}\s{0,2}[·*]?\s{0,2}\\?(?:log|ln))", re.I
)


def facts(task: str, text: str) -> Iterator[tuple[str, bool]]:
    """What is right and wrong in the text that answers a task: a sentence and whether it is right."""
    text = text[:MAX_TEXT]
    if task == "2A":
        yield _parameters(task, text) or (f"No number of parameters was found; it is {PARAMETERS[task]:,}.", False)
        yield _layers(text)
    if task == "4A" and (found := _parameters(task, text)):  # not asked for: only what is said counts
        yield found
    if task == "2B":
        yield from _loss(text)


def _parameters(task: str, text: str) -> tuple[str, bool] | None:
    wanted = PARAMETERS[task]
    if _names(text, wanted):
        return f"The number of parameters is given as {wanted:,}.", True
    if all(_names(text, part) for part in PARTS[task]) or wanted in _sums(text):
        return f"The parameters of the layers add up to {wanted:,}.", True
    counts = [int(re.sub(r"\D", "", number)) for number in _COUNTED.findall(text)]
    other = [count for count in counts if count not in PARTS[task]]
    if other:
        return f"The number of parameters is given as {max(other):,}; it is {wanted:,}.", False
    return None


def _names(text: str, number: int) -> bool:
    """Whether a number stands in the text, its thousands set apart in any of the usual ways."""
    digits = _GAP.join(f"{number:,}".split(","))
    return bool(re.search(rf"(?<![\d.,]){digits}(?!\d|[.,]\d)", text))


def _sums(text: str) -> set[int]:
    """The values of the sums and products of whole numbers in a text."""
    plain = text.replace("\\cdot", "*").replace("\\times", "*").replace("$", " ").replace("\\", "")
    values = set()
    for expression in _EXPRESSION.findall(plain)[:200]:
        value = _value(" ".join(re.sub("[×·x]", "*", expression).split()))
        if value is not None:
            values.add(value)
    return values


def _value(expression: str) -> int | None:
    """What a sum of products comes to; None for anything else."""

    def of(node: ast.expr) -> int:
        if isinstance(node, ast.Constant) and isinstance(node.value, int) and node.value < 10**7:
            return node.value
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Mult):
            left, right = of(node.left), of(node.right)
            return left + right if isinstance(node.op, ast.Add) else min(left * right, 10**9)
        raise ValueError("not a sum of products")

    try:
        return of(ast.parse(expression, mode="eval").body)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return None


def _layers(text: str) -> tuple[str, bool]:
    counts = []
    for number, between in _LAYERS.findall(text):
        if not _SOME.search(between):
            counts.append(int(number) if number.isdigit() else _NUMBERS[number.lower()])
    if 3 in counts or (4 in counts and _INPUT.search(text)):
        return f"The number of layers is right: {RIGHT_LAYERS}.", True
    if counts:
        return f"{counts[0]} layers are named; there are {RIGHT_LAYERS}.", False
    return f"No number of layers was found; there are {RIGHT_LAYERS}.", False


def _loss(text: str) -> Iterator[tuple[str, bool]]:
    text = re.sub(r"(?i)(?:sparse[\s_-]{0,3}categorical|binary)[\s_-]{0,3}cross[\s_-]{0,3}entropy", "", text)
    named = bool(_CROSS_ENTROPY.search(text))
    yield (
        "The loss is named: categorical cross-entropy."
        if named
        else ("The loss, categorical cross-entropy, was not found by its name."),
        named,
    )
    formula = bool(_LOGARITHM.search(text) and _SUM_OR_MINUS.search(text))
    yield (
        "The formula has the logarithm of the predicted probability."
        if formula
        else ("No formula with a logarithm was found."),
        formula,
    )
