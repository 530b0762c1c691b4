"""Inputs made of good ones: bytes flipped and cut, texts spliced, values of JSON exchanged.

What is exchanged stands where the good value stood, so that most inputs get past the first check.
"""

import copy
import json
import math
import random
import string
from collections.abc import Iterator
from typing import Any

#: Values that readers of JSON are seldom tested with.
NUMBERS = (0, 1, -1, 2, 0.5, 1.0, -0.0, 1.5, 1e-320, 1e308, 10**18, 2**63, 10**400, -(10**30))
WORDS = (
    *("", " ", "0", "1", "0.5", "nan", "NaN", "null", "true", "a", "é", "\0", "\n", "\x1b[31m"),
    *("\u2028", "\u202e", "\ud800", "\udc80", "\U0001f600", "::error::x", "../../x", "<b>", "=1+1"),
    *("a" * 300, "1" * 5000, "9" * 400),
)
HOLDERS = ([], {}, [[]], [None], [0], ["a"], [0.5, 1], {"": 0}, {"a": {}}, [{}], {"x": [1, None]})
ODD = (None, True, False, math.nan, math.inf, -math.inf, *NUMBERS, *WORDS, *HOLDERS)
#: Texts of models and files.
TOKENS = (
    *("Answer:", "Answer", "Confidence:", "Confidence", "confidence", "final", "the answer is"),
    *("0.85", "85%", "1.00", "-1", "1e9", "1/2", "1,234", "½", "٣", "²", "−", "～", "%", "1e-400"),
    *("\\boxed{", "}", "{", "$", "**", "_", "\\frac{1}{2}", "\\sqrt{2}", "\\pi", "x^2", "10^{10}"),
    *("\\text{a}", "\\le", "\\infty", "(1,2)", "[1,2)", "\\{1,2\\}", "\\begin{pmatrix}", "0.333"),
    *("(A)", "B", "A or B", "<think>", "</think>", "<|im_end|>", "I don't know", "N/A", ":", "="),
    *("\n", "\n\n", "\t", "\r", "\0", " ", "\u00a0", "\u200b", "\u2028", "\ufeff", "[", "]", '"'),
    *("'", "\\", "f(x=1)", "get(a='b', c=[1])", '{"name": "f", "arguments": {}}', ",", ";", "#"),
    *(
        "- ",
        "? ",
        "&a ",
        "*a",
        "!!int ",
        "|",
        ">",
        "---",
        "...",
        "<<: ",
        "~",
        "yes",
        "0x1F",
        ".inf",
    ),
    *("1:30:00", "2001-01-01", ".nan", "1_000", "\ud800", "\U0001f600"),
)
MOST = 20_000  # characters


class Mutator:
    """Draws changes from one generator: the same seed gives the same input."""

    def __init__(self, seed: str) -> None:
        self.random = random.Random(seed)

    def text(self, seeds: tuple[str, ...], tokens: tuple[str, ...] = TOKENS) -> str:
        """Change one of some texts, or splice two of them."""
        rng = self.random
        text = rng.choice(seeds)
        for _ in range(rng.choice((0, 1, 1, 2, 3, 8))):
            at, to = sorted(rng.randrange(len(text) + 1) for _ in range(2))
            to = min(to, at + 40)
            kind = rng.randrange(8)
            if kind == 0:
                text = text[:at] + text[to:]
            elif kind == 1:
                text = text[:at] + rng.choice(tokens) + text[at:]
            elif kind == 2:
                text = text[:at] + rng.choice(tokens) + text[to:]
            elif kind == 3:
                text = text[:at] + text[at:to] * rng.choice((2, 2, 3, 50)) + text[to:]
            elif kind == 4:
                other = rng.choice(seeds)
                text = text[:at] + other[rng.randrange(len(other) + 1) :]
            elif kind == 5:
                text = text[:at] + rng.choice(tokens) * rng.choice((2, 5, 200)) + text[at:]
            elif kind == 6:
                text = text[:at] + chr(rng.choice((*range(128), 0x660, 0x1D7D8))) + text[at:]
            else:
                text = text[:at]
            text = text[:MOST]
        return text

    def flip(self, data: bytes, most: int = 4) -> bytes:
        """Change, cut out or add a few bytes."""
        rng, changed = self.random, bytearray(data)
        for _ in range(rng.randint(1, most)):
            at = rng.randrange(len(changed) + 1)
            kind = rng.randrange(5)
            if kind == 0 and at < len(changed):
                changed[at] ^= 1 << rng.randrange(8)
            elif kind == 1 and at < len(changed):
                changed[at] = rng.choice((0, 1, 0x7F, 0x80, 0xFF, ord('"'), ord("\n"), ord("0")))
            elif kind == 2:
                del changed[at : at + rng.choice((1, 2, 8))]
            elif kind == 3:
                changed[at:at] = rng.randbytes(rng.choice((1, 2, 8)))
            elif rng.random() < 0.3:
                del changed[at:]
        return bytes(changed)

    def sometimes_flip(self, data: bytes, share: float = 0.1) -> bytes:
        """Leave most as they are."""
        return self.flip(data) if self.random.random() < share else data

    def value(self, value: Any, times: int | None = None) -> Any:
        """Exchange values anywhere in a document, or take them out, double or nest them."""
        rng = self.random
        changed = copy.deepcopy(value)
        for _ in range(rng.choice((0, 1, 1, 1, 2, 4)) if times is None else times):
            places = list(_places(changed))
            if not places:
                break
            holder, key = rng.choice(places)
            kind = rng.randrange(10)
            if kind < 4:
                holder[key] = copy.deepcopy(rng.choice(ODD))
            elif kind == 4 and isinstance(holder, dict):
                del holder[key]
            elif kind == 5 and isinstance(holder, dict):
                holder[self.word()] = holder.pop(key)
            elif kind == 6 and isinstance(holder, list):
                times = rng.choice((1, 2, 30))
                holder[key:key] = [_copy(holder[key]) for _ in range(times)]
            elif kind == 7:
                holder[key] = self.nested(holder[key])
            elif kind == 8:
                other, at = rng.choice(places)
                holder[key] = _copy(other.get(at) if isinstance(other, dict) else 0)
            else:
                holder[key] = self.near(holder[key])
        return changed

    def near(self, value: Any) -> Any:
        """Give a value of the same kind."""
        rng = self.random
        if isinstance(value, bool) or value is None:
            return rng.choice((True, False, None))
        if isinstance(value, int):
            return value + rng.choice((-1, 1, 10, 10**6, -(10**6)))
        if isinstance(value, float):
            return rng.choice((value * 2, -value, value / 1e9, 1 - value))
        if isinstance(value, str):
            return self.text((value,))
        return value

    def nested(self, value: Any) -> Any:
        """Put a value deep inside of others."""
        for _ in range(self.random.choice((1, 2, 20, 150))):
            value = [value] if self.random.random() < 0.5 else {self.word(): value}
        return value

    def word(self) -> str:
        """Give a short name."""
        rng = self.random
        if rng.random() < 0.3:
            return str(rng.choice([one for one in ODD if isinstance(one, str)]))
        return "".join(rng.choice(string.ascii_lowercase) for _ in range(rng.randint(1, 6)))

    def json(self, value: Any) -> bytes:
        """Write a changed document: sometimes with keys twice, raw numbers, or damaged."""
        rng = self.random
        text = json.dumps(self.value(value), ensure_ascii=rng.random() < 0.7)
        if rng.random() < 0.1 and '": ' in text:
            at = rng.choice([i for i in range(len(text)) if text.startswith('": ', i)])
            start = text.rfind('"', 0, at)
            text = f"{text[:start]}{text[start : at + 3]}{self.raw()}, {text[start:]}"
        if rng.random() < 0.1 and ": " in text:
            head, mark, tail = text.partition(rng.choice((': "', ": ", ": [")))
            if mark:
                text = f"{head}: {self.raw()}, {json.dumps(self.word())}{mark}{tail}"
        return self.sometimes_flip(text.encode("utf-8", "surrogatepass"))

    def raw(self) -> str:
        """Give a value as it may stand in a file."""
        return self.random.choice(
            ("1e400", "-1e400", "NaN", "-Infinity", "1" * 5000, "0.1e-9999", "[" * 990 + "]" * 990,
             "[" * 800, '"\\ud83d"', '"\\u0000"', "null", "truE", "01", "1.", '{"a":1,"a":2}')
        )  # fmt: skip


def _copy(value: Any) -> Any:
    """Copy a value, which may be nested more deeply than `copy.deepcopy` can follow."""
    return json.loads(json.dumps(value))


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every holder with the key or index of what it holds."""
    waiting = [value]
    while waiting:
        holder = waiting.pop()
        if isinstance(holder, dict | list):
            keys = list(holder) if isinstance(holder, dict) else range(len(holder))
            for key in keys:
                yield holder, key
                waiting.append(holder[key])
