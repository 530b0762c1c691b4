"""How fast samples of multiple_choice are read, beside pandas.read_json on the same file.

    python tests/studies/speed/read_options.py [--rows 100000]

CPU seconds in one process, best of three, in turns; and the peak of memory after our own reading.
"""

import argparse
import hashlib
import json
import random
import resource
import tempfile
import time
from pathlib import Path

DATE = "2026-01-01T00-00-00.000000"
WORDS = ("alpha", "beta", "gamma", "delta", "tensor", "lattice", "enzyme", "orbit", "charge")


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()


def make_line(i, rng):
    """A line as lm-eval 0.4.13 writes it, of about 1 kB."""
    options = [f"{rng.choice(WORDS)} {rng.choice(WORDS)}" for _ in range(4)]
    question = " ".join(rng.choice(WORDS) for _ in range(5)) + "?"
    right = rng.randrange(4)
    doc = {"question": question, "subject": "x", "choices": options, "answer": right}
    lls = [rng.uniform(-20, -1) for _ in options]
    prompt = f"Q: {question}\nA:"
    pairs = [[str(ll), "False"] for ll in lls]
    per = [ll / len(option) for ll, option in zip(lls, options, strict=True)]
    return {
        "doc_id": i,
        "doc": doc,
        "target": str(right),
        "arguments": {
            f"gen_args_{j}": {"arg_0": prompt, "arg_1": f" {option}"}
            for j, option in enumerate(options)
        },
        "resps": [[pair] for pair in pairs],
        "filtered_resps": pairs,
        "filter": "none",
        "metrics": ["acc", "acc_norm"],
        "doc_hash": digest(json.dumps(doc)),
        "prompt_hash": digest(prompt),
        "target_hash": digest(str(right)),
        "acc": float(lls.index(max(lls)) == right),
        "acc_norm": float(per.index(max(per)) == right),
    }


def write_run(folder, rows):
    rng = random.Random(0)
    samples = folder / f"samples_quiz_{DATE}.jsonl"
    with samples.open("w") as stream:
        for i in range(rows):
            stream.write(json.dumps(make_line(i, rng)) + "\n")
    results = {"configs": {"quiz": {"target_delimiter": " "}}, "n-samples": {"quiz": {}}}
    (folder / f"results_{DATE}.json").write_text(json.dumps(results))
    return samples


def timed(call):
    start = time.process_time()
    call()
    return time.process_time() - start


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=100_000)
    rows = parser.parse_args().rows
    from caopd_bench import read_run

    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        samples = write_run(folder, rows)
        print(f"{rows:,} lines, {samples.stat().st_size / 1e6:.0f} MB")
        ours = [timed(lambda: read_run(folder))]
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        import pandas as pd

        theirs = [timed(lambda: pd.read_json(samples, lines=True))]
        for _ in range(2):
            ours.append(timed(lambda: read_run(folder)))
            theirs.append(timed(lambda: pd.read_json(samples, lines=True)))
    print(f"read_run: {min(ours):.2f} s, {peak:.0f} MB")
    print(f"pandas.read_json(lines=True): {min(theirs):.2f} s: {min(theirs) / min(ours):.1f} times")


if __name__ == "__main__":
    main()
