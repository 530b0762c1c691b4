"""What a caller may say about how responses were asked for: their labels, keys and scale."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["SCALES", "Rules"]

#: What a bare number may be out of.
SCALES = (1, 5, 10, 100)


@dataclass(frozen=True, slots=True)
class Rules:
    """How the responses of a log state answer and confidence, where it is not as our tasks ask.

    Attributes
    ----------
    answer_labels, confidence_labels : tuple of str
        Words, not patterns: "Diagnosis", "How sure". They count beside the known ones.
    answer_keys, confidence_keys : tuple of str
        Keys of responses that are JSON, beside the known ones.
    scale : int or None
        What a bare number is out of, one of `SCALES`; None reads only what is unmistakable.
    """

    answer_labels: tuple[str, ...] = ()
    confidence_labels: tuple[str, ...] = ()
    answer_keys: tuple[str, ...] = ()
    confidence_keys: tuple[str, ...] = ()
    scale: int | None = None

    def __post_init__(self) -> None:
        if self.scale is not None and self.scale not in SCALES:
            raise ValueError(f"scale must be one of {SCALES}, got {self.scale}")
