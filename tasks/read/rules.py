"""The labels, keys and scale of a prompt other than ours, as given by a caller."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["MAX_LABEL", "SCALES", "Rules"]

#: Possible maxima of the scale on which a bare number is read.
SCALES = (1, 5, 10, 100)
MAX_LABEL = 80  # longest label or key, in characters


@dataclass(frozen=True, slots=True)
class Rules:
    """The form of answer and confidence in the responses of a log, if it differs from our tasks'.

    Attributes
    ----------
    answer_labels, confidence_labels : tuple of str
        Words, not patterns: "Diagnosis", "How sure". They count beside the known ones. A colon at
        the end is dropped.
    answer_keys, confidence_keys : tuple of str
        Keys of responses that are JSON. They come before the known ones.
    scale : int or None
        Maximum of the scale of a bare number, one of `SCALES`; None reads only unmistakable forms.

    Examples
    --------
    >>> Rules(answer_labels=("Diagnosis:",)).answer_labels
    ('Diagnosis',)
    """

    answer_labels: tuple[str, ...] = ()
    confidence_labels: tuple[str, ...] = ()
    answer_keys: tuple[str, ...] = ()
    confidence_keys: tuple[str, ...] = ()
    scale: int | None = None

    def __post_init__(self) -> None:
        if self.scale is not None and self.scale not in SCALES:
            raise ValueError(f"scale must be one of {SCALES}, got {self.scale}")
        for name in ("answer_labels", "confidence_labels", "answer_keys", "confidence_keys"):
            words = tuple(_clean(word, name) for word in getattr(self, name))
            object.__setattr__(self, name, words)

    def list_other(self, words: tuple[str, ...]) -> frozenset[str]:
        """Return those of the words that are no confidence labels of the caller's."""
        return frozenset(words).difference(label.lower() for label in self.confidence_labels)


def _clean(word: str, name: str) -> str:
    clean = word.strip().rstrip(":=：").rstrip() if isinstance(word, str) else ""
    if not clean or len(clean) > MAX_LABEL:
        raise ValueError(f"{name} must be words of 1 to {MAX_LABEL} characters, got {word!r:.100}")
    return clean
