"""Fixtures that several folders share."""

import os
from pathlib import Path

# Before anything imports huggingface_hub: a look-up without a network retries for half a minute.
os.environ.setdefault("HF_HUB_OFFLINE", "1")

# A slow machine takes more than two seconds for much: lines that no test expects.
os.environ.setdefault("CAOPD_BENCH_PROGRESS", "0")

# One thread a process: the matrices here are tiny, and threads that wait for one another spin. With
# a process to each core that was nine tenths of the time of the tests that train.
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(name, "1")

# The real datasets, where this machine has them; tests that need one are skipped without.
_SHARED = Path(__file__).parents[2] / "shared" / "data"
if _SHARED.is_dir():
    os.environ.setdefault("CAOPD_BENCH_DATA", str(_SHARED))

import hypothesis  # noqa: E402
import pytest  # noqa: E402

# No deadline: a shared machine stalls now and then. Derandomised: the same code, the same examples.
hypothesis.settings.register_profile(
    "shared-machine",
    deadline=None,
    derandomize=True,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("shared-machine")


@pytest.fixture(scope="session")
def tiny_llama(tmp_path_factory):
    """A random Llama of a few thousand parameters, saved as a checkpoint folder."""
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    tokenizers = pytest.importorskip("tokenizers")

    alphabet = [chr(code) for code in range(32, 127)] + ["\n"]
    vocabulary = {token: i for i, token in enumerate(["<pad>", "<eos>", *alphabet])}
    characters = tokenizers.Tokenizer(tokenizers.models.WordLevel(vocabulary, unk_token="<pad>"))
    characters.pre_tokenizer = tokenizers.pre_tokenizers.Split("", "isolated")
    characters.decoder = tokenizers.decoders.Fuse()
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=characters, pad_token="<pad>", eos_token="<eos>", unk_token="<pad>"
    )
    tokenizer.chat_template = "{% for m in messages %}{{ m['content'] }}\n{% endfor %}"
    torch.manual_seed(0)
    model = transformers.LlamaForCausalLM(
        transformers.LlamaConfig(
            vocab_size=len(vocabulary),
            hidden_size=16,
            intermediate_size=32,
            num_hidden_layers=1,
            num_attention_heads=2,
            num_key_value_heads=2,
            max_position_embeddings=8192,
            pad_token_id=0,
            eos_token_id=1,
            bos_token_id=1,
        )
    )
    folder = tmp_path_factory.mktemp("tiny-llama")
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def same_record():
    """Tell whether records are equal but for the processor's last digits and a reason's words."""

    def _same(ours, theirs):
        return [*ours] == [*theirs] and all(
            value == pytest.approx(theirs[key], rel=1e-9)
            if isinstance(value, float)
            else bool(value) == bool(theirs[key])
            if key == "reason"
            else value == theirs[key]
            for key, value in ours.items()
        )

    return _same


#: Files that take longest, the longest first.
LONGEST = (
    "test_exits.py",
    "test_interrupted.py",
    "test_reference_runs.py",
    "test_parsing.py",
    "test_gate_plan.py",
    "test_atomic.py",
    "test_shared_files.py",
    "test_rerun.py",
    "test_kill.py",
    "test_lm_eval_task.py",
    "test_order.py",
    "test_fuzz.py",
    "test_stored_check.py",
    "test_trl_distributed.py",
)


def pytest_collection_modifyitems(items):
    """Begin with the files that take longest: one that is begun last keeps a process waiting."""
    rank = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: rank.get(item.path.name, len(rank)))
