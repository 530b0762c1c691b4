"""What a checkpoint's own generation settings add to a decoding, and that it is what happens."""

import json
from types import SimpleNamespace

import pytest

from caopd_bench.report.page.provenance import describe
from caopd_bench.runs.provenance import clean_provenance
from caopd_bench.tasks.ask.decoding import (
    altered_decoding,
    read_generation_settings,
    tell_decoding,
)
from caopd_bench.tasks.ask.documents import load

GREEDY = {"until": ["\n###\n"], "do_sample": False, "temperature": 0.0, "max_gen_toks": 32}
SAMPLED = {"do_sample": True, "temperature": 1.0, "max_gen_toks": 32}
#: As published models have them.
PUBLISHED = {
    "bos_token_id": 1,
    "eos_token_id": [2, 3],
    "do_sample": True,
    "temperature": 0.7,
    "top_p": 0.8,
    "top_k": 20,
    "repetition_penalty": 1.05,
    "transformers_version": "4.51.0",
}


@pytest.fixture
def checkpoint(tmp_path):
    """Write the settings of a checkpoint, and give its folder."""

    def make(settings=None, config=None):
        for name, known in (("generation_config.json", settings), ("config.json", config)):
            if known is not None:
                text = known if isinstance(known, str) else json.dumps(known)
                (tmp_path / name).write_text(text, encoding="utf-8")
        return str(tmp_path)

    return make


def test_a_published_model(checkpoint):
    known = read_generation_settings(checkpoint(PUBLISHED))
    assert known == {"repetition_penalty": 1.05, "temperature": 0.7, "top_k": 20, "top_p": 0.8}
    assert altered_decoding(known, GREEDY) == {"repetition_penalty": 1.05}
    assert altered_decoding(known, {**GREEDY, "repetition_penalty": 1.0}) == {}
    assert altered_decoding(known, SAMPLED) == {
        "repetition_penalty": 1.05,
        "top_k": 20,
        "top_p": 0.8,
    }
    assert altered_decoding(known, {**SAMPLED, "top_k": 0, "top_p": 1.0}) == {
        "repetition_penalty": 1.05
    }


ALTERING = {
    "repetition_penalty": 1.3,
    "encoder_repetition_penalty": 0.9,
    "no_repeat_ngram_size": 3,
    "encoder_no_repeat_ngram_size": 4,
    "suppress_tokens": [5],
    "begin_suppress_tokens": [5, 6],
    "forced_bos_token_id": 5,
    "forced_eos_token_id": 2,
    "exponential_decay_length_penalty": [10, 1.1],
    "guidance_scale": 1.5,
    "min_length": 40,
    "min_new_tokens": 4,
    "max_new_tokens": 512,
    "max_time": 2.5,
    "stop_strings": ["\n\n"],
    "token_healing": True,
    "num_beams": 4,
    "penalty_alpha": 0.6,
}
NEUTRAL = {
    "repetition_penalty": 1.0,
    "encoder_repetition_penalty": 1,
    "no_repeat_ngram_size": 0,
    "encoder_no_repeat_ngram_size": 0,
    "suppress_tokens": [],
    "begin_suppress_tokens": None,
    "bad_words_ids": [],
    "forced_eos_token_id": None,
    "guidance_scale": 1,
    "min_length": 0,
    "max_new_tokens": None,
    "max_length": 4096,
    "num_beams": 1,
    "num_beam_groups": 2,
    "length_penalty": 0.8,
    "early_stopping": True,
    "temperature": 0.6,
    "top_p": 0.9,
    "use_cache": True,
    "pad_token_id": 7,
    "remove_invalid_values": True,
    "renormalize_logits": True,
}


@pytest.mark.parametrize("name", ALTERING)
def test_a_setting_that_alters_a_greedy_decoding(checkpoint, name):
    known = read_generation_settings(checkpoint({name: ALTERING[name]}))
    assert altered_decoding(known, GREEDY) == {name: ALTERING[name]}


def test_settings_without_effect_on_a_greedy_decoding(checkpoint):
    assert altered_decoding(read_generation_settings(checkpoint(NEUTRAL)), GREEDY) == {}


def test_what_counts_with_beams_only(checkpoint):
    known = read_generation_settings(checkpoint({**NEUTRAL, "num_beams": 4}))
    assert altered_decoding(known, GREEDY) == {
        "num_beams": 4,
        "num_beam_groups": 2,
        "length_penalty": 0.8,
        "early_stopping": True,
    }


def test_transformers_own_top_k_of_samples(checkpoint):
    assert altered_decoding(read_generation_settings(checkpoint({})), SAMPLED) == {"top_k": 50}
    assert altered_decoding(read_generation_settings(checkpoint({"top_k": 0})), SAMPLED) == {}
    assert altered_decoding({}, {"temperature": 0.7, "max_gen_toks": 9}) == {"top_k": 50}
    assert altered_decoding({}, {"temperature": 0.0}) == {}


def test_a_budget_of_the_checkpoint_wins(checkpoint):
    known = read_generation_settings(checkpoint({"max_new_tokens": 8}))
    assert altered_decoding(known, GREEDY) == {"max_new_tokens": 8}
    assert altered_decoding(known, {**GREEDY, "max_gen_toks": 8}) == {}
    assert altered_decoding(known, {"max_new_tokens": 16}) == {"max_new_tokens": 8}


def test_long_values_are_fingerprints(checkpoint):
    one = read_generation_settings(checkpoint({"bad_words_ids": [[1, 2], [3]]}))
    other = read_generation_settings(checkpoint({"bad_words_ids": [[1, 2], [4]]}))
    assert one["bad_words_ids"].startswith("2 entries, SHA-256 ")
    assert one != other
    long = read_generation_settings(checkpoint({"suppress_tokens": list(range(500))}))
    assert len(long["suppress_tokens"]) < 40


def test_without_the_file_those_of_the_model(checkpoint):
    folder = checkpoint(config={"repetition_penalty": 1.2, "vocab_size": 9})
    assert read_generation_settings(folder) == {"repetition_penalty": 1.2}
    assert read_generation_settings(checkpoint({"top_p": 1.0})) == {}


@pytest.mark.parametrize("text", ["", "[1]", "{", "null", '"x"', "[" * 100_000])
def test_what_cannot_be_read_is_not_known(checkpoint, text):
    assert read_generation_settings(checkpoint(text)) is None
    assert tell_decoding(text, "hf", GREEDY) is None


@pytest.mark.parametrize("name", [None, "", 5, "a/b", "gone", "a b/c//d", "x\0", "../.."])
def test_what_is_no_checkpoint_is_not_known(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert read_generation_settings(name) is None


class TestHub:
    """Names on the hub: what its cache holds."""

    @pytest.fixture(autouse=True)
    def cache(self, tmp_path, monkeypatch):
        hub = pytest.importorskip("huggingface_hub")
        monkeypatch.setattr(hub.constants, "HF_HUB_CACHE", str(tmp_path))
        self.place = tmp_path / "models--org--chat"
        (self.place / "refs").mkdir(parents=True)
        (self.place / "refs" / "main").write_text("c0ffee")
        self.write("c0ffee", "config.json", {"repetition_penalty": 3.0})

    def write(self, commit, name, values):
        folder = self.place / "snapshots" / commit
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(json.dumps(values))

    def test_of_a_revision(self):
        self.write("c0ffee", "generation_config.json", {"repetition_penalty": 1.1})
        self.write("beef", "generation_config.json", {"repetition_penalty": 1.2})
        assert read_generation_settings("org/chat") == {"repetition_penalty": 1.1}
        assert read_generation_settings("org/chat", revision="beef") == {"repetition_penalty": 1.2}
        assert read_generation_settings("org/chat", revision="gone") is None

    def test_a_file_that_nobody_looked_for_is_not_known(self):
        assert read_generation_settings("org/chat") is None

    def test_a_file_that_is_not_there(self):
        missing = self.place / ".no_exist" / "c0ffee"
        missing.mkdir(parents=True)
        (missing / "generation_config.json").touch()
        assert read_generation_settings("org/chat") == {"repetition_penalty": 3.0}


def test_backends():
    stated = json.dumps({"repetition_penalty": 1.3})
    for backend in ("hf", "hf-auto", "huggingface"):
        assert tell_decoding(stated, backend, GREEDY) == {"repetition_penalty": 1.3}
        assert tell_decoding(None, backend, GREEDY) is None
    assert tell_decoding(stated, "vllm", GREEDY) == {}
    for backend in ("local-completions", "openai-chat-completions", "sglang", None, 3, ["hf"]):
        assert tell_decoding(stated, backend, GREEDY) is None
    assert tell_decoding(stated, "hf", None) == {}  # it generates nothing


def test_the_documents_hold_it(checkpoint):
    pytest.importorskip("datasets")
    folder = checkpoint({"repetition_penalty": 1.3, "bad_words_ids": [[1]]})
    docs = load(questions="arith", first=2, pretrained=folder)["test"]
    known = json.loads(docs[1]["generation_config"])
    assert known["repetition_penalty"] == 1.3
    assert load(questions="arith", first=2)["test"][0]["generation_config"] is None
    gguf = load(questions="arith", first=2, pretrained=folder, gguf_file="x.gguf")
    assert gguf["test"][0]["generation_config"] is None


def test_provenance_keeps_it(checkpoint):
    known = read_generation_settings(checkpoint({**ALTERING, "bad_words_ids": [[1, 2]]}))
    told = tell_decoding(json.dumps(known), "hf", GREEDY)
    cleaned = clean_provenance({"tasks": {"t": {"effective_generation": told}}})
    assert cleaned["tasks"]["t"]["effective_generation"] == told
    assert "left_out" not in cleaned
    assert clean_provenance({"tasks": {"t": {}}})["tasks"]["t"]["effective_generation"] is None


def test_the_report_shows_it():
    settings = {"generation": GREEDY, "effective_generation": {"repetition_penalty": 1.3}}
    cells, head = {"t": SimpleNamespace(settings=settings)}, SimpleNamespace(provenance={})
    shown = describe(SimpleNamespace(head=head, cells=cells, size=None), "t")["decoding"]
    assert "do_sample=False" in shown
    assert "repetition_penalty=1.3" in shown


@pytest.mark.parametrize("name", ["repetition_penalty", "max_new_tokens", "suppress_tokens"])
@pytest.mark.parametrize("file", ["generation_config.json", "config.json"])
def test_transformers_does_so(name, file, tmp_path):
    """A tiny model decodes otherwise with a setting that is named, and not with one that is not."""
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    config = transformers.LlamaConfig(
        vocab_size=40,
        hidden_size=16,
        intermediate_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=2,
        bos_token_id=None,
        eos_token_id=39,
        pad_token_id=0,
    )
    torch.manual_seed(1)
    made = transformers.LlamaForCausalLM(config)
    made.lm_head.weight.data *= 20
    made.save_pretrained(tmp_path)
    prompt = torch.tensor([[3, 4, 5]])

    def decode():
        model = transformers.LlamaForCausalLM.from_pretrained(tmp_path)
        given = {"do_sample": False, "max_length": 23, "pad_token_id": 0}
        return model.generate(prompt, attention_mask=torch.ones_like(prompt), **given)[0].tolist()

    plain = decode()
    value = {"repetition_penalty": 5.0, "max_new_tokens": 3, "suppress_tokens": plain[3:5]}[name]
    if file == "config.json":
        (tmp_path / "generation_config.json").unlink()
    known = json.loads((tmp_path / file).read_text())
    (tmp_path / file).write_text(json.dumps({**known, name: value}))
    call = {"do_sample": False, "max_gen_toks": 20}
    assert altered_decoding(read_generation_settings(str(tmp_path)), call) == {name: value}
    assert decode() != plain
