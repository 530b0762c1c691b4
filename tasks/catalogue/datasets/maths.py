"""GSM8K, MATH-500 and SVAMP, and these with the bundled problems in one (docs/data.md)."""

from __future__ import annotations

from caopd_bench.tasks.catalogue.dataset import (
    ENTRIES,
    Dataset,
    Hub,
    Item,
    RawFile,
    Source,
    dataset,
)
from caopd_bench.tasks.catalogue.rows import DataError, Row, as_text

_GSM8K = "b52325ad96ea38979fdc222e881ff5d105f95295"


@dataset(
    "gsm8k",
    "GSM8K test, {:,} problems",
    Source(
        "gsm8k_test",
        1319,
        "MIT",
        raw=RawFile(
            f"https://raw.githubusercontent.com/openai/grade-school-math/{_GSM8K}"
            "/grade_school_math/data/test.jsonl",
            _GSM8K,
            "3730d312f6e3440559ace48831e51066acaca737f6eabec99bccb9e4b3c39d14",
        ),
        fields=("question", "answer"),
        content="5b736e25f3d1e6cdeef6b3d89e3dc71a7e3c20288f93f1bda635f6fbeb4f41b5",
    ),
    max_tokens=1024,
)
def read_gsm8k(row: Row, where: str) -> Item:
    r"""Read a row whose answer ends in a line `#### number`; `<<2+2=4>>` are calculator marks.

    >>> row = {"question": "And both?", "answer": "So 1,000+2=<<1000+2=1002>>1,002.\n#### 1,002"}
    >>> item = read_gsm8k(row, "row 1")
    >>> item["answer"], item["solution"]
    ('1002', 'So 1,000+2=1,002.')
    """
    solution, mark, gold = as_text(row, "answer", where).rpartition("####")
    if not mark:
        raise DataError(f"{where}: the answer has no line '#### number'; is it the right file?")
    first, *pieces = solution.strip().split("<<")
    return {
        "question": as_text(row, "question", where),
        "answer": gold.strip().replace(",", ""),
        "kind": "number",
        "style": "math",
        "domain": "gsm8k",
        "solution": first + "".join(piece.partition(">>")[2] for piece in pieces),
    }


@dataset(
    "math500",
    "MATH-500, LaTeX answers",
    Source(
        "math500_test",
        500,
        "MIT (MATH)",
        hub=Hub(
            "HuggingFaceH4/MATH-500",
            None,
            ("test",),
            "6e4ed1a2a79af7d8630a6b768ec859cb5af4d3be",
            "more than ten files in the index. Several give the SHA-256 of `test.jsonl` at this "
            "commit, `35dc41080a36...`, which equals that of the copy (hkust-nlp/simpleRL-reason) "
            "whose content we hashed",
        ),
        fields=("problem", "solution", "answer", "subject", "level", "unique_id"),
        content="8dbc2ab010b2fac78443fe5feaa2fbbe4ded90a1c20cadfa32aa77a32266e1f1",
    ),
    max_tokens=2048,
)
def read_math500(row: Row, where: str) -> Item:
    r"""Read a row of MATH.

    >>> row = {"problem": "$1/2$ of 3?", "solution": "Halve it.", "answer": r"\frac{3}{2}"}
    >>> item = read_math500({**row, "subject": "Algebra", "level": 1, "unique_id": "1"}, "row 1")
    >>> item["answer"], item["kind"], item["level"]
    ('\\frac{3}{2}', 'latex', 1)
    """
    return {
        "question": as_text(row, "problem", where),
        "answer": as_text(row, "answer", where),
        "kind": "latex",
        "style": "latex",
        "domain": "math500",
        "level": int(row["level"]),
        "subject": as_text(row, "subject", where),
        "id": as_text(row, "unique_id", where),
        "solution": as_text(row, "solution", where),
    }


@dataset(
    "svamp",
    "SVAMP, {:,} problems",
    Source(
        "svamp_test",
        1000,
        "MIT",
        # Both published splits (700 and 300 problems) serve as a test: neither was used to choose
        # anything here.
        hub=Hub(
            "ChilleD/SVAMP",
            None,
            ("train", "test"),
            "5e0bf1e5e7c0e9c4bc39180d224f41f3f801b7ef",
            "ten files in the index. Two give the SHA-256 of `train.json` at this commit "
            "(`bb3b4cd2957f...`), one that of `test.json` (`9b5590fce66e...`). Both equal those of "
            "the rows (QwenLM/Qwen2.5-Math) whose content we hashed, written as JSON. `datasets` "
            "reads the Parquet files beside them, of which we could compare only the first row of "
            "each split",
        ),
        fields=("ID", "Body", "Question", "Equation", "Answer", "Type"),
        content="c37a27298dc986990c3ca04526344f25d193d254071d10f6ac67bf29be933370",
    ),
    max_tokens=1024,
)
def read_svamp(row: Row, where: str) -> Item:
    """Read a row: some bodies end without a full stop, some with a comma.

    >>> row = {"Body": "Ann has 3 pens", "Question": "How many?", "Answer": "3.0", "ID": "chal-1"}
    >>> item = read_svamp({**row, "Equation": "( 1.0 + 2.0 )", "Type": "Addition"}, "row 1")
    >>> item["question"], item["answer"], item["solution"]
    ('Ann has 3 pens. How many?', '3', '1.0 + 2.0 = 3')
    """
    body = as_text(row, "Body", where).strip()
    body = body if body[-1] in ".!?," else f"{body}."
    gold = as_text(row, "Answer", where).removesuffix(".0")
    return {
        "question": f"{body} {as_text(row, 'Question', where).strip()}",
        "answer": gold,
        "kind": "number",
        "style": "math",
        "domain": "svamp",
        "subject": as_text(row, "Type", where).replace("Divison", "Division"),
        "id": as_text(row, "ID", where),
        "solution": f"{as_text(row, 'Equation', where).strip('() ')} = {gold}",
    }


ENTRIES["math_all"] = Dataset(
    "math_all",
    "bundled problems, GSM8K, MATH-500 and SVAMP in one",
    2048,
    parts=("math", "gsm8k", "math500", "svamp"),
)
