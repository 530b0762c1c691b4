"""Losses against other people's arithmetic, and the direction of the divergence."""

import math

import pytest

torch = pytest.importorskip("torch")

from caopd_bench.train.engines import losses as objectives  # noqa: E402
from caopd_bench.train.engines.local import follow, learning_rate  # noqa: E402
from caopd_bench.train.settings import make_settings  # noqa: E402

S = torch.tensor([[1.0, 0.0, -1.0, 0.5], [0.2, 0.1, 3.0, -2.0]])
T = torch.tensor([[0.0, 2.0, -0.5, 0.1], [1.2, 0.0, 1.0, -1.0]])


def kl(p, q):
    return torch.nn.functional.kl_div(
        q.log_softmax(-1), p.log_softmax(-1), reduction="none", log_target=True
    ).sum(-1)


def test_direction():
    forward = objectives.divergence(S, T, "forward")
    reverse = objectives.divergence(S, T, "reverse")
    torch.testing.assert_close(forward, kl(T, S))
    torch.testing.assert_close(reverse, kl(S, T))
    assert not torch.allclose(forward, reverse)


def test_jsd_is_symmetric_at_one_half_and_mixes_by_beta():
    half = objectives.divergence(S, T, "jsd", 0.5)
    torch.testing.assert_close(half, objectives.divergence(T, S, "jsd", 0.5))
    p, q = T.softmax(-1), S.softmax(-1)
    m = 0.3 * p + 0.7 * q
    wanted = 0.3 * (p * (p / m).log()).sum(-1) + 0.7 * (q * (q / m).log()).sum(-1)
    torch.testing.assert_close(objectives.divergence(S, T, "jsd", 0.3), wanted)
    assert (half < math.log(2)).all()


@pytest.mark.parametrize("kind", objectives.DIVERGENCES)
def test_zero_at_equality_and_no_gradient_to_the_teacher(kind):
    assert objectives.divergence(S, S, kind).abs().max() < 1e-6
    student, teacher = S.clone().requires_grad_(), T.clone().requires_grad_()
    objectives.divergence(student, teacher, kind).sum().backward()
    assert teacher.grad is None
    assert student.grad.abs().sum() > 0


def test_forward_has_the_gradient_of_soft_cross_entropy():
    student = S.clone().requires_grad_()
    objectives.divergence(student, T, "forward").sum().backward()
    torch.testing.assert_close(student.grad, S.softmax(-1) - T.softmax(-1))


def test_the_optimum_of_forward_on_two_targets_is_their_mixture():
    """What forward KL teaches of a number: the mixture; its mode is one of them, not the mean."""
    student = torch.zeros(4, requires_grad=True)
    targets = torch.tensor([[20.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 20.0], [0.0, 0.0, 0.0, 20.0]])
    optimizer = torch.optim.Adam([student], lr=0.1)
    for _ in range(500):
        optimizer.zero_grad()
        objectives.divergence(student.expand(3, 4), targets, "forward").mean().backward()
        optimizer.step()
    learned = student.detach().softmax(-1)
    assert learned[0] == pytest.approx(1 / 3, abs=0.02)
    assert learned[3] == pytest.approx(2 / 3, abs=0.02)


def test_unknown_kinds_and_weights_are_named():
    with pytest.raises(ValueError, match="kind must be one of"):
        objectives.divergence(S, T, "backward")
    with pytest.raises(ValueError, match="beta must be between"):
        objectives.divergence(S, T, "jsd", 1.0)


def test_every_answer_counts_the_same_whatever_its_length():
    values = torch.tensor([[1.0, 1.0, 1.0], [4.0, 9.0, 9.0]])
    mask = torch.tensor([[1.0, 1.0, 1.0], [1.0, 0.0, 0.0]])
    assert objectives.mean_of_means(values, mask) == 5.0


def test_policy_gradient_raises_what_was_better():
    student = torch.zeros(2, 4, requires_grad=True)
    ids, gains = torch.tensor([1, 2]), torch.tensor([1.0, -1.0])
    objectives.policy_gradient(student, ids, gains).sum().backward()
    assert student.grad[0, 1] < 0 < student.grad[1, 2]  # descent: up the first, down the second


def test_entropy_of_a_uniform_choice():
    assert float(objectives.entropy(torch.zeros(8))) == pytest.approx(math.log(8))


class Weights(torch.nn.Module):
    def __init__(self, value, dtype=torch.float32):
        super().__init__()
        self.w = torch.nn.Parameter(torch.full((4,), value, dtype=dtype))


def test_the_average_follows_in_float32():
    teacher, student = Weights(1.0), Weights(1.01)
    for _ in range(300):
        follow(teacher, student, 0.01)
    share = (teacher.w[0].item() - 1.0) / 0.01
    assert share == pytest.approx(1 - 0.99**300, abs=0.01)


def test_the_average_would_stand_still_in_bfloat16():
    """Defect 6 of the official code: why weights and averages are float32 here."""
    teacher = Weights(1.0, torch.bfloat16)
    student = Weights(1.01, torch.bfloat16)
    for _ in range(300):
        teacher.w.data.mul_(0.99).add_(student.w.data, alpha=0.01)
    assert teacher.w[0].item() == 1.0


def test_schedule_warms_up_and_ends_near_zero():
    settings = make_settings({"method": "opd", "model": "x", "steps": 10, "learning_rate": 1.0})
    rates = [learning_rate(step, settings) for step in range(10)]
    assert rates[0] == 1.0
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] < 0.03
    longer = make_settings({"method": "opd", "model": "x", "steps": 100, "warmup": 0.1})
    assert learning_rate(0, longer) == pytest.approx(1e-6)
