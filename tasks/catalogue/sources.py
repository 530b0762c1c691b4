"""Where each dataset comes from: one entry per dataset.

`name` is also the name of the dataset's file in a local folder. Raw files are pinned by commit and
SHA-256, what comes from the hub by commit and, where the rows were at hand, by the hash of their
content. docs/data.md says from which public files each commit of the hub is known.
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
    """One dataset: a pinned raw file, or the hub.

    `content` is `content.hash_content` of the published rows over `fields`, None if not known.
    """

    name: str
    rows: int
    licence: str
    raw: RawFile | None = None
    hub: Hub | None = None
    fields: tuple[str, ...] = ()
    content: str | None = None


_GSM8K = "b52325ad96ea38979fdc222e881ff5d105f95295"
_SDPO = "7c457fc1b1f636ae794eb0362ba37d4743b06fbc"


def _gsm8k() -> RawFile:
    path = f"openai/grade-school-math/{_GSM8K}/grade_school_math/data/test.jsonl"
    digest = "3730d312f6e3440559ace48831e51066acaca737f6eabec99bccb9e4b3c39d14"
    return RawFile(f"https://raw.githubusercontent.com/{path}", _GSM8K, digest)


def _sdpo(path: str, digest: str) -> RawFile:
    root = f"https://raw.githubusercontent.com/lasgroup/SDPO/{_SDPO}/datasets"
    return RawFile(f"{root}/{path}/test.json", _SDPO, digest)


def _science(domain: str, rows: int, digest: str, content: str) -> Source:
    return Source(
        f"sciknoweval_{domain}_test",
        rows,
        "Apache-2.0 (repository); SciKnowEval has terms of its own",
        _sdpo(f"sciknoweval/{domain}", digest),
        fields=("idx", "system", "prompt", "answer"),
        content=content,
    )


SOURCES: dict[str, Source] = {
    "gsm8k": Source(
        "gsm8k_test",
        1319,
        "MIT",
        _gsm8k(),
        fields=("question", "answer"),
        content="5b736e25f3d1e6cdeef6b3d89e3dc71a7e3c20288f93f1bda635f6fbeb4f41b5",
    ),
    # The hub's test.jsonl at this commit has the SHA-256 35dc41080a36..., as the copy whose rows
    # were hashed here.
    "math500": Source(
        "math500_test",
        500,
        "MIT (MATH)",
        hub=Hub(
            "HuggingFaceH4/MATH-500",
            None,
            ("test",),
            "6e4ed1a2a79af7d8630a6b768ec859cb5af4d3be",
        ),
        fields=("problem", "solution", "answer", "subject", "level", "unique_id"),
        content="8dbc2ab010b2fac78443fe5feaa2fbbe4ded90a1c20cadfa32aa77a32266e1f1",
    ),
    # The published split has 700 and 300 problems; none was used to choose anything here. The hub's
    # train.json and test.json at this commit have the SHA-256 bb3b4cd2957f... and 9b5590fce66e...,
    # as JSON of the rows that were hashed here. `datasets` reads the Parquet files beside them.
    "svamp": Source(
        "svamp_test",
        1000,
        "MIT",
        hub=Hub(
            "ChilleD/SVAMP", None, ("train", "test"), "5e0bf1e5e7c0e9c4bc39180d224f41f3f801b7ef"
        ),
        fields=("ID", "Body", "Question", "Equation", "Answer", "Type"),
        content="c37a27298dc986990c3ca04526344f25d193d254071d10f6ac67bf29be933370",
    ),
    "science": _science(
        "chemistry",
        210,
        "772adb9f2bdb1bbc2a542f350b55a1b23091fa98e793f5e24c5dba410ce299bf",
        "2313f79c18f8be7d6416a53bddf656456b7f70ee4c80b13a83d727e9da4b87ca",
    ),
    "science_biology": _science(
        "biology",
        50,
        "0ffe8df8f33154ca6af90c75b278f8602d75376db79e295e16a29fc9a5da325a",
        "8e0943ac4182ff2f77907cdc7ad3cfc98eb76eb02ee5ea794f57864b2a07c36b",
    ),
    "science_physics": _science(
        "physics",
        80,
        "fde88cd10e4192115d550000a8b5b8b714aa8a2651abba499b1f8b8e6f72c1d3",
        "cafd59782ca0d9cb7b29de93694d753af83939d7477b3bc34b626891f13171c7",
    ),
    "science_material": _science(
        "material",
        94,
        "2b3d7e3bcebda39ba47856ea5aae5ebcd0b3ba43b1e750cd4b02e40056b079cf",
        "590e66f4e8c0b9831080c859e0f55f88bc7b5118188e9dd2d96ce8ca42a04c82",
    ),
    "tooluse": Source(
        "tooluse_test",
        68,
        "Apache-2.0 (ToolAlpaca)",
        _sdpo("tooluse", "947dbf5d93a79448dbf41f00c6701402e5f2c8324936e89ed5623c553675e438"),
        fields=("idx", "prompt", "answer"),
        content="623d5faef58f1add2fb85f73b7e542484115d1970558ed9a593231947562f367",
    ),
    # Of the following no rows were at hand: pinned by commit alone.
    "arc": Source(
        "arc_challenge_test",
        1172,
        "CC BY-SA 4.0",
        hub=Hub(
            "allenai/ai2_arc",
            "ARC-Challenge",
            ("test",),
            "210d026faf9955653af8916fad021475a3f00453",
        ),
    ),
    "mmlu_pro": Source(
        "mmlu_pro_test",
        12032,
        "MIT",
        hub=Hub("TIGER-Lab/MMLU-Pro", None, ("test",), "527feea0afed1de15a8c115abf7be4c912123315"),
    ),
    "truthfulqa": Source(
        "truthfulqa_mc_validation",
        817,
        "Apache-2.0",
        hub=Hub(
            "truthfulqa/truthful_qa",
            "multiple_choice",
            ("validation",),
            "741b8276f2d1982aa3d5b832d3ee81ed3b896490",
        ),
    ),
    "triviaqa": Source(
        "triviaqa_validation",
        17944,
        "Apache-2.0 (questions)",
        hub=Hub(
            "mandarjoshi/trivia_qa",
            "rc.nocontext",
            ("validation",),
            "0f7faf33a3908546c6fd5b73a660e0f8ff173c2f",
        ),
    ),
}
