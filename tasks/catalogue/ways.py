"""The ways of asking, one row each. Every way is combined with every dataset.

`python -m caopd_bench.tasks.write_yaml` writes the tasks and the tables of the documentation.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

__all__ = ["STOP_SEQUENCES", "WAYS", "Way", "way_of"]

#: A line of "###" ends an exemplar in the text that a base model sees.
STOP_SEQUENCES = ("\n###\n",)


class Way(NamedTuple):
    """A way of asking.

    Attributes
    ----------
    name : str
        `caopd_math_NAME` asks so.
    about : str
        A few words for lists.
    template : str
        `tasks/ways/_TEMPLATE.yml`, which names the judge of the response and the metrics.
    sampled : bool
        Whether responses are sampled at temperature 1 instead of decoded greedily.
    samples : int
        Default number of samples per question (`k`); 1 means a single request.
    instruction : str
        Instruction that replaces that of the dataset's style.
    about_answer : str
        Question about the answer of an earlier run, which is then in the prompt.
    privileged : bool
        Whether the prompt has the gold answer, or a verified answer of the model's own.
    max_tokens : int, optional
        Token budget of a response; None uses the dataset's.
    """

    name: str
    about: str
    template: str = "conf"
    sampled: bool = False
    samples: int = 1
    instruction: str = ""
    about_answer: str = ""
    privileged: bool = False
    max_tokens: int | None = None

    @property
    def generates(self) -> bool:
        """Return whether it asks for text instead of the probabilities of two words."""
        return self.template != "truth"


WAYS = {
    way.name: way
    for way in (
        Way("conf", "one greedy answer, one stated confidence"),
        Way("conf_t1", "one answer sampled at T=1, one stated confidence", sampled=True),
        Way(
            "sc8",
            "8 samples at T=1: agreement and stated confidences",
            template="sampled",
            sampled=True,
            samples=8,
        ),
        Way(
            "twostage",
            "a confidence for the answers of an earlier run",
            template="stated",
            about_answer="How likely is it that the proposed answer is right? Reply with one line: "
            '"Confidence:" and the probability (0.00 to 1.00).',
            max_tokens=512,
        ),
        Way(
            "ptrue",
            "P(True) of the answers of an earlier run",
            template="truth",
            about_answer="Is the proposed answer right? Reply with one word, True or False.",
        ),
        Way("priv", "as _conf, with privileged context", privileged=True),
        Way(
            "priv_sc8",
            "as _sc8, with privileged context",
            template="sampled",
            sampled=True,
            samples=8,
            privileged=True,
        ),
    )
}


def way_of(asked: Mapping[str, Any]) -> Way:
    """Return the way of a document or of a run's settings; the plain one if it is unknown."""
    return WAYS.get(str(asked.get("way")), WAYS["conf"])
