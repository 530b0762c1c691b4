"""Good inputs that the fuzzed ones are made of."""

TEXTS = (
    "So 3 times 4 is 12.\n\nAnswer: 12\nConfidence: 0.85",
    "<think>hm, 7?\nAnswer: 8\n</think>\n**Answer:** $\\frac{3}{4}$\n**Confidence:** 90%",
    "The answer is \\boxed{x^2+1}. Confidence: 0.5",
    "<answer>\n(B) the second\n</answer>\n<confidence>70%</confidence>",
    'Action: f\nAction Input: {"a": "1"}\nConfidence: 0.6',
    "I don't know.\nConfidence: 0",
    "Answer: [f(a=1), g(b='x')]\nConfidence: 1.00",
    '{"answer": "12", "confidence": 0.7}',
    'So:\n```json\n{"final_answer": 12, "why": "\\\\{3 x 4\\\\}", "confidence_score": "70%"}\n```',
    "{'answer': '12', 'ok': True, 'confidence': 0.7,}",
    "<think>3 x 4.\n<answer>12</answer>\n<confidence>0.7</confidence>",
    "Guess: 12\nProbability: 0.7",
    "G1: 12\nP1: 0.7\nG2: 13\nP2: 0.2",
    "Answer and Confidence (0-100): 12, 70%",
    "<answer>From this, the best answer is 12.</answer> I am 70% sure.",
)
ANSWERS = {
    "number": (
        ("12", "1,200 apples", "3/4", "25%", "$-1.5$", "2^{10}", "1.2e3", "½"),
        ("12", "0.75", "25"),
    ),
    "latex": (
        (
            "\\frac{3}{4}",
            "x^2+1",
            "(1, 2]",
            "\\sqrt{2}",
            "\\{1, 2\\}",
            "2\\pi",
            "\\begin{pmatrix}1\\\\2\\end{pmatrix}",
        ),
        ("\\frac{3}{4}", "x^2+1", "(1,2]", "\\sqrt{2}", "x=5", "12"),
    ),
    "choice": (("(B) the second", "B", "A or B", "**C**", "the answer is D"), ("B", "A", "J")),
    "phrase": (
        ("Paris, France", "The Beatles", "1969"),
        ("Paris", '["the beatles", "Beatles"]', "1969"),
    ),
    "calls": (
        (
            '[f(a=1), g(b="x")]',
            'Action: f\nAction Input: {"a": "1"}',
            '[{"name": "f", "arguments": {"a": 1}}]',
        ),
        (
            '[{"Action": "f", "Action_Input": "{\\"a\\": 1}"}]',
            "f(a=1)",
            '[{"name": "f", "arguments": {"a": [1, null]}}]',
        ),
    ),
}
ANSWERS["first_call"] = ANSWERS["calls"]

LOGGED = [
    {"id": "a", "response": TEXTS[0], "gold": "12", "level": 1, "confidence": 0.9, "correct": 1},
    {"id": "a", "response": TEXTS[1], "gold": "0.75", "level": 1, "confidence": 0.5, "correct": 0},
    {"id": "b", "response": "Answer: 7", "gold": "7", "level": 2, "confidence": None, "correct": 1},
    {"id": "c", "response": "<think>", "gold": "5", "level": 2, "confidence": 1.0, "correct": 0},
]

INSPECT = {
    "version": 2,
    "status": "success",
    "eval": {
        "task": "gsm8k",
        "model": "openai/tiny",
        "created": "2026-01-01T00:00:00",
        "model_generate_config": {"max_tokens": 512},
        "packages": {"inspect_ai": "0.3"},
    },
    "plan": {},
}
INSPECT_SAMPLES = [
    {
        "id": id_,
        "epoch": epoch,
        "input": asked,
        "target": target,
        "metadata": {"level": 1},
        "attachments": {"abc": TEXTS[0]},
        "error": None,
        "output": {"choices": [{"message": {"role": "assistant", "content": content}}]},
    }
    for id_, epoch, asked, target, content in [
        ("a", 1, "3 * 4?", "12", TEXTS[0]),
        ("b", 1, [{"role": "user", "content": "q"}], ["7"], "attachment://abc"),
        (
            "a",
            2,
            "3 * 4?",
            "12",
            [{"type": "reasoning", "reasoning": "hm"}, {"type": "text", "text": TEXTS[0]}],
        ),
    ]
]

# A choice whose options were shuffled, and whose answer Inspect has written anew.
_CALL = {"content": "Which?\n\nA) y\nB) x", "role": "user"}
_OUTPUT = {"choices": [{"message": {"content": TEXTS[0]}, "stop_reason": "max_tokens"}]}
INSPECT_SAMPLES.append(
    {
        "id": "c",
        "epoch": 1,
        "input": "Which?",
        "choices": ["x", "y"],
        "target": "A",
        "messages": [_CALL],
        "output": {"choices": [{"message": {"content": "ANSWER: A"}}], "completion": "ANSWER: A"},
        "events": [{"event": "model", "input": [], "input_refs": [[0, 1]], "output": _OUTPUT}],
        "attachments": {"abc": TEXTS[0]},
        "events_data": {"messages": [_CALL]},
    }
)

# Of YAML, a hundred bytes take a millisecond: short files, so that more of them are read.
POLICIES = (
    {"version": 1, "reference": "base", "confidence": 0.95, "metrics": {"brier": {"margin": 0.04}}},
    {"version": 1, "on_inconclusive": "fail", "min_items": 100, "looks": 7, "cluster": "family"},
    {"version": 1, "metrics": {"ece": {"max": 0.2, "tier": "advisory"}, "auroc": {"min": 0.6}}},
    {"version": 1, "metrics": {"overconfidence_gap": {"margin": 0.05, "direction": "over"}}},
    {"version": 1, "tasks": {"t": {"by": "level", "group_tier": "gate", "cluster": None}}},
    {"version": 1, "tasks": {"t": {"metrics": {"parse_rate": {"margin": 0.1, "min": 0.5}}}}},
)
SWEEPS = (
    {"cells": [{"size": "67k", "base_seed": [0, 1], "method": "base"}], "title": "t"},
    {"cells": [{"size": "67k", "method": "opd", "seed": [0, 1], "label": "x"}], "output": "out"},
    {
        "cells": [{"model": "a/b", "method": "caopd"}],
        "settings": {"task": "caopd_arith_conf", "k": 8},
    },
    {"cells": [{"size": "67k", "method": "opd", "stages": [{"families": "sum"}, {"steps": 4}]}]},
    {
        "cells": [{"size": ["67k", "10k"], "method": "sft"}],
        "settings_by_model": {"67k": {"steps": 5}},
    },
    {
        "cells": [{"size": "67k", "method": "base"}],
        "evaluate": {"tasks": ["caopd_arith_conf"], "success_questions": 3, "gen_kwargs": {}},
        "keep": ["checkpoint"],
    },
)
_ANALYSIS = {"version": 1, "task": "t", "metrics": ["brier"], "groups": ["base", "opd"], "seed": 1}
ANALYSES = (
    {**_ANALYSIS, "views": {"a": {"where": {"family": "sum"}, "half": "second"}}},
    {**_ANALYSIS, "contrasts": [["opd", "base"]], "names": {"opd": "OPD"}, "replicates": 200},
    {
        **_ANALYSIS,
        "claims": [
            {"id": "x", "says": "y", "of": ["opd"], "metric": "brier", "expect": "above 0.5"}
        ],
    },
    {
        **_ANALYSIS,
        "figures": [
            {"kind": "estimates", "metrics": ["brier"], "groups": ["base"], "file": "f.png"}
        ],
    },
)
MODELS = {
    "version": 1,
    "models": {
        "a": {"method": "OPD", "size": "1.7B", "family": "Qwen", "note": "n"},
        "b": {"size": 3e8},
    },
}
PUBLISHED = {
    "version": 1,
    "numbers": [
        {
            "model": "m",
            "task": "t",
            "metric": "ece",
            "value": 0.1,
            "method": "x",
            "size": 1,
            "source": "s",
            "certainty": "c",
        }
    ],
}
BASELINE = {
    "format": 1,
    "rows_sha256": "a" * 64,
    "made": "2026-01-01",
    "reason": "first",
    "run": "out/run",
    "rerun": [
        {
            "task": "t",
            "metric": "brier",
            "worse_by": 0.01,
            "standard_error": 0.02,
            "items": 100,
            "cluster": "family",
            "clusters": 5,
        }
    ],
}
