"""Where each dataset comes from: one entry per dataset.

`name` is also the name of the dataset's file in a local folder. Raw files are pinned by commit and
SHA-256; what comes from the hub is pinned by the hash of its rows, which every document carries.
The datasets keep their own licences: nothing of them is in this package.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["SOURCES", "Hub", "RawFile", "Source"]


class RawFile(NamedTuple):
    """A file at a fixed revision of a public repository."""

    url: str
    revision: str
    sha256: str
    suffix: str = ".jsonl"


class Hub(NamedTuple):
    """Splits of a dataset on the Hugging Face hub."""

    path: str
    config: str | None
    splits: tuple[str, ...]
    revision: str | None = None


class Source(NamedTuple):
    """One dataset: a pinned raw file, or the hub."""

    name: str
    rows: int
    licence: str
    raw: RawFile | None = None
    hub: Hub | None = None


_GSM8K = "b52325ad96ea38979fdc222e881ff5d105f95295"
_SDPO = "7c457fc1b1f636ae794eb0362ba37d4743b06fbc"


def _gsm8k() -> RawFile:
    path = f"openai/grade-school-math/{_GSM8K}/grade_school_math/data/test.jsonl"
    digest = "3730d312f6e3440559ace48831e51066acaca737f6eabec99bccb9e4b3c39d14"
    return RawFile(f"https://raw.githubusercontent.com/{path}", _GSM8K, digest)


def _sdpo(path: str, digest: str) -> RawFile:
    root = f"https://raw.githubusercontent.com/lasgroup/SDPO/{_SDPO}/datasets"
    return RawFile(f"{root}/{path}/test.json", _SDPO, digest)


def _science(domain: str, rows: int, digest: str) -> Source:
    return Source(
        f"sciknoweval_{domain}_test",
        rows,
        "Apache-2.0 (repository); SciKnowEval has terms of its own",
        _sdpo(f"sciknoweval/{domain}", digest),
    )


SOURCES: dict[str, Source] = {
    "gsm8k": Source("gsm8k_test", 1319, "MIT", _gsm8k()),
    "math500": Source(
        "math500_test", 500, "MIT (MATH)", hub=Hub("HuggingFaceH4/MATH-500", None, ("test",))
    ),
    # The published split has 700 and 300 problems; none was used to choose anything here.
    "svamp": Source("svamp_test", 1000, "MIT", hub=Hub("ChilleD/SVAMP", None, ("train", "test"))),
    "science": _science(
        "chemistry", 210, "772adb9f2bdb1bbc2a542f350b55a1b23091fa98e793f5e24c5dba410ce299bf"
    ),
    "science_biology": _science(
        "biology", 50, "0ffe8df8f33154ca6af90c75b278f8602d75376db79e295e16a29fc9a5da325a"
    ),
    "science_physics": _science(
        "physics", 80, "fde88cd10e4192115d550000a8b5b8b714aa8a2651abba499b1f8b8e6f72c1d3"
    ),
    "science_material": _science(
        "material", 94, "2b3d7e3bcebda39ba47856ea5aae5ebcd0b3ba43b1e750cd4b02e40056b079cf"
    ),
    "tooluse": Source(
        "tooluse_test",
        68,
        "Apache-2.0 (ToolAlpaca)",
        _sdpo("tooluse", "947dbf5d93a79448dbf41f00c6701402e5f2c8324936e89ed5623c553675e438"),
    ),
    "arc": Source(
        "arc_challenge_test",
        1172,
        "CC BY-SA 4.0",
        hub=Hub("allenai/ai2_arc", "ARC-Challenge", ("test",)),
    ),
    "mmlu_pro": Source(
        "mmlu_pro_test", 12032, "MIT", hub=Hub("TIGER-Lab/MMLU-Pro", None, ("test",))
    ),
    "truthfulqa": Source(
        "truthfulqa_mc_validation",
        817,
        "Apache-2.0",
        hub=Hub("truthfulqa/truthful_qa", "multiple_choice", ("validation",)),
    ),
    "triviaqa": Source(
        "triviaqa_validation",
        17944,
        "Apache-2.0 (questions)",
        hub=Hub("mandarjoshi/trivia_qa", "rc.nocontext", ("validation",)),
    ),
}
