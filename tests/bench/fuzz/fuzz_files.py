"""Fuzzing of flat files, Parquet and logs of Inspect: how a changed input is made and read."""

import csv
import gzip
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fuzz_mutations import ODD, TOKENS, Mutator
from fuzz_runs import change_lines, sometimes_score
from fuzz_seeds import INSPECT, INSPECT_SAMPLES, LOGGED

from caopd_bench import read_run
from caopd_bench.runs.flat.parquet_index import read_index
from caopd_bench.runs.inspect import fields
from caopd_bench.runs.rescore import rescore

FLAT_WORDS = (
    *TOKENS,
    "0.5",
    "1",
    "0",
    "true",
    "False",
    "",
    "nan",
    "12",
    "1e-320",
    "-0",
    "0.50",
    ",",
    '"',
    "\r\n",
)


def read_flat(name: str) -> Callable[[bytes, Path], bool]:
    def read(data: bytes, place: Path) -> bool:
        file = place / name
        file.write_bytes(data)
        if len(data) % 2:
            return bool(rescore(file, item="id").rows)
        return sometimes_score(read_run(file, item="id", by=["level"]), data)

    return read


def make_jsonl(mutator: Mutator, _: Path) -> bytes:
    return change_lines(mutator, LOGGED)


def make_jsonl_gz(mutator: Mutator, _: Path) -> bytes:
    return mutator.sometimes_flip(gzip.compress(change_lines(mutator, LOGGED), 1, mtime=0), 0.3)


def make_csv(mutator: Mutator, _: Path) -> bytes:
    rng = mutator.random
    table = [
        list(LOGGED[0]),
        *([("" if v is None else str(v)) for v in row.values()] for row in LOGGED),
    ]
    for _ in range(rng.choice((0, 1, 1, 2, 5))):
        row = rng.choice(table)
        at = rng.randrange(len(row) + 1)
        kind = rng.randrange(6)
        if kind < 3 and at < len(row):
            row[at] = rng.choice(FLAT_WORDS)
        elif kind == 3 and at < len(row):
            row[at] = mutator.text((row[at],))
        elif kind == 4:
            row.insert(at, rng.choice(FLAT_WORDS))
        else:
            del row[at : at + 1]
    text = io.StringIO()
    csv.writer(text, lineterminator=rng.choice(("\n", "\r\n"))).writerows(table)
    return mutator.sometimes_flip(text.getvalue().encode("utf-8", "surrogatepass"), 0.2)


def make_parquet(mutator: Mutator, _: Path) -> bytes:
    """Write columns of other types and values; bytes are not flipped: that would test pyarrow."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rng = mutator.random
    columns: dict[str, Any] = {}
    for name in LOGGED[0]:
        values = [row[name] for row in LOGGED]
        if rng.random() < 0.25:
            values[rng.randrange(len(values))] = rng.choice(ODD)
        columns[name] = as_arrow(values, rng, pa)
    if rng.random() < 0.2:
        columns.pop(rng.choice(list(columns)))
    if rng.random() < 0.2:
        columns[rng.choice(("level", "x", "confidence"))] = as_arrow(
            [rng.choice(ODD)] * len(LOGGED), rng, pa
        )
    options = {
        "compression": rng.choice(("none", "snappy", "zstd")),
        "use_dictionary": rng.random() < 0.5,
        "row_group_size": rng.choice((1, 3, 100)),
        "version": rng.choice(("1.0", "2.6")),
    }
    target = io.BytesIO()
    try:
        pq.write_table(pa.table(columns), target, **options)
    except pa.ArrowException:  # not every type can be written
        target = io.BytesIO()
        pq.write_table(pa.table({"response": ["x"], "gold": ["1"]}), target, **options)
    data = target.getvalue()
    return data[: rng.randrange(len(data))] if rng.random() < 0.02 else data


def as_arrow(values: list[Any], rng: Any, pa: Any) -> Any:
    kinds = (
        pa.string(),
        pa.float32(),
        pa.float16(),
        pa.int8(),
        pa.bool_(),
        pa.binary(),
        pa.date32(),
        pa.decimal128(10, 3),
        pa.large_string(),
        pa.timestamp("s"),
        pa.list_(pa.string()),
        pa.dictionary(pa.int8(), pa.string()),
        pa.duration("s"),
        pa.null(),
        pa.uint64(),
    )
    try:
        array = pa.array(values)
    except (pa.ArrowException, OverflowError, ValueError, TypeError):
        array = pa.array([repr(value).encode("ascii", "replace").decode() for value in values])
    if rng.random() < 0.25:
        try:
            array = array.cast(rng.choice(kinds), safe=False)
        except pa.ArrowException:
            array = pa.array([None] * len(values), rng.choice(kinds))
    return array


def make_index(mutator: Mutator, place: Path) -> bytes:
    return mutator.flip(make_parquet(mutator, place))


def read_index_of(data: bytes, place: Path) -> bool:
    file = place / "a.parquet"
    file.write_bytes(data)
    try:
        return bool(read_index(file))
    except ValueError:
        return False


def make_inspect(mutator: Mutator, _: Path) -> bytes:
    return mutator.json({**INSPECT, "samples": INSPECT_SAMPLES})


def make_eval(mutator: Mutator, _: Path) -> bytes:
    rng = mutator.random
    members = [("header.json", json.dumps(INSPECT).encode())] + [
        (f"samples/{s['id']}_epoch_{s['epoch']}.json", json.dumps(s).encode())
        for s in INSPECT_SAMPLES
    ]
    if rng.random() < 0.3:  # the last sample in chunks
        name, data = members.pop()
        shell = json.loads(data)
        folder = name.removesuffix(".json")
        for part, key in (("messages/0", "messages"), ("events/0", "events")):
            members.append((f"{folder}/{part}.json", json.dumps(shell.pop(key)).encode()))
        members.append((f"{folder}/attachments/0.json", json.dumps(["x", "y"]).encode()))
        members.append((f"{folder}/sample.json", json.dumps(shell).encode()))
    at = rng.randrange(len(members))
    members[at] = (members[at][0], mutator.json(json.loads(members[at][1])))
    if rng.random() < 0.15:
        kind = rng.randrange(4)
        if kind == 0:
            members.append(
                (rng.choice(("../x", "samples/", "samples/.json", "a/b", "é\n.json")), b"{}")
            )
        elif kind == 1:
            del members[rng.randrange(len(members))]
        elif kind == 2:
            members.append((members[-1][0], members[0][1]))
        else:
            rng.shuffle(members)
    target = io.BytesIO()
    method = rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_DEFLATED))
    if rng.random() < 0.02:
        method = rng.choice((zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA))
    with zipfile.ZipFile(target, "w", method) as archive:
        for name, data in members:
            if name not in archive.namelist():
                archive.writestr(name, data)
    data = bytearray(target.getvalue())
    if rng.random() < 0.15:  # what the index and the heads say
        marks = [
            i for i in range(len(data)) if data.startswith((b"PK\1\2", b"PK\3\4", b"PK\5\6"), i)
        ]
        at = rng.choice(marks) + rng.randrange(4, 46)
        size = rng.choice((1, 2, 4))
        data[at : at + size] = rng.choice((b"\0", b"\xff", b"\x01", b"\x5d")) * size
    return mutator.sometimes_flip(bytes(data), 0.15)


def read_inspect_log(name: str) -> Callable[[bytes, Path], bool]:
    def read(data: bytes, place: Path) -> bool:
        file = place / name
        file.write_bytes(data)
        # Short samples are parsed whole, long ones value by value.
        fields.SHORT = 1 << (16 if len(data) % 2 else 0)
        kind = ("phrase", "number", "choice")[len(data) % 3 if len(data) % 5 == 0 else 0]
        return bool(rescore(file, kind=kind).rows)

    return read
