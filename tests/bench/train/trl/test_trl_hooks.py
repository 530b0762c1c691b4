"""Around the trl engine: the contract with TRL, and what people use in runs of their own."""

import importlib.util
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("trl")

from caopd_bench.core.errors import UsageError
from caopd_bench.train.engines.trl import contract as trl_contract
from caopd_bench.train.engines.trl import rewards as trl_rewards
from caopd_bench.train.engines.trl.engine import build_trainer

_spec = importlib.util.spec_from_file_location(
    "trl_worker", Path(__file__).with_name("trl_worker.py")
)
trl_worker = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(trl_worker)

# TRL 1.16 calls what transformers 5.23 renamed.
pytestmark = pytest.mark.filterwarnings(
    "ignore:.*is deprecated and will be removed in v6:FutureWarning"
)
CPU = {"use_cpu": True}


def test_the_contract_holds_with_the_installed_release():
    trl_contract.check_trl()


def test_the_contract_names_the_hook_that_moved(monkeypatch):
    from trl import GRPOTrainer
    from trl.experimental.sdft import SDFTTrainer

    with monkeypatch.context() as patch:
        patch.delattr(SDFTTrainer, "sample_rollouts")
        with pytest.raises(UsageError, match=r"TRL's SDFTTrainer\.sample_rollouts is gone"):
            trl_contract.check_trl()
    with monkeypatch.context() as patch:
        patch.setattr(GRPOTrainer, "_tokenize_prompts", lambda _self, texts: texts)
        with pytest.raises(UsageError, match=r"_tokenize_prompts takes \(texts\) and not \(prom"):
            trl_contract.check_trl()
    with monkeypatch.context() as patch:
        patch.delattr("transformers.TrainerCallback.on_pre_optimizer_step")
        with pytest.raises(UsageError, match=r"TrainerCallback\.on_pre_optimizer_step is gone"):
            trl_contract.check_trl()
    with monkeypatch.context() as patch:
        patch.setattr("trl.__version__", "1.17.0")
        with pytest.raises(UsageError, match=r"trl 1\.17\.0 is installed, this engine is for"):
            trl_contract.check_trl()


def test_rewards_read_texts_and_messages():
    texts = ["Answer: 7\nConfidence: 0.90", "Answer: 8\nConfidence: 0.90", "Answer: 7"]
    messages = [[{"role": "assistant", "content": text}] for text in texts]
    columns = {"answer": ["7"] * 3, "kind": ["number"] * 3}
    for completions in (texts, messages):
        assert trl_rewards.accuracy_reward(["q"] * 3, completions, **columns) == [1.0, 0.0, 1.0]
        brier = trl_rewards.brier_reward(["q"] * 3, completions, **columns, trainer_state=None)
        assert brier == pytest.approx([0.99, -0.81, 0.0])
        # Two usable answers, one of them right: the success rate is a half.
        close = trl_rewards.confidence_reward(["q"] * 3, completions, **columns, mix=1.0)
        assert close == pytest.approx([-0.4, -0.4, -1.0])


def test_rewards_know_unfinished_answers():
    columns = {"answer": ["7"] * 2, "kind": ["number"] * 2, "completion_ids": [[5, 1], [5, 6]]}
    texts = ["Answer: 7\nConfidence: 0.90"] * 2
    assert trl_rewards.accuracy_reward(["q"] * 2, texts, **columns, end_ids={1}) == [1.0, 0.0]


def test_the_callback_logs_calibration(tmp_path):
    folder = tmp_path / "model"
    trl_worker.save_model(folder)
    from caopd_bench.train.watch.callback import CalibrationCallback

    trainer = build_trainer(trl_worker.settings(folder, method="opd"), tmp_path, extra=CPU)
    callback = CalibrationCallback("caopd_arith_conf", 2, 16, log=trainer.log, max_new_tokens=12)
    trainer.add_callback(callback)
    trainer.train()
    assert [row["step"] for row in callback.history] == [2]
    logged = [row for row in trainer.state.log_history if "caopd/accuracy" in row]
    assert [row["step"] for row in logged] == [2]
    assert 0 <= logged[0]["caopd/parse_rate"] <= 1
    assert trainer.model.training
