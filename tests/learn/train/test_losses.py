"""Each loss measures what its docstring states."""

import pytest
import torch

from marotte.face.loading import load_head
from marotte.face.rig import ARKIT_52
from marotte.learn.train import losses


def test_reconstruction_is_the_mean_square():
    assert losses.reconstruction(torch.ones(2, 3, 4), torch.zeros(2, 3, 4)) == 1


def test_velocity_ignores_a_constant_offset():
    curves = torch.randn(2, 5, 4)
    assert losses.velocity(curves + 3, curves) == pytest.approx(0, abs=1e-10)
    ramp = torch.arange(5.0)[None, :, None].expand(2, 5, 4)
    assert losses.velocity(curves + ramp, curves) == pytest.approx(1, abs=1e-5)


def test_the_gradient_of_the_lip_gap_opens_and_closes_the_mouth():
    rest, weights = load_head().lip_gap_weights(ARKIT_52.names)
    gap = torch.from_numpy(weights)
    curves = torch.zeros(1, 1, 52, requires_grad=True)
    target = torch.zeros(1, 1, 52)
    target[..., ARKIT_52.index["jawOpen"]] = 0.5
    losses.lip_gap(curves, target, rest, gap).backward()
    assert curves.grad is not None
    assert curves.grad[0, 0, ARKIT_52.index["jawOpen"]] < 0  # open more
    assert curves.grad[0, 0, ARKIT_52.index["mouthClose"]] > 0  # close less
    assert curves.grad[0, 0, ARKIT_52.index["eyeBlinkLeft"]] == 0


def test_the_lip_gap_weighs_an_open_closure_more_than_an_error_in_a_wide_mouth():
    weights = torch.ones(1)
    gap = lambda mm: torch.tensor([[float(mm)]])  # noqa: E731
    near = losses.lip_gap(gap(2), gap(0), 0.0, weights)
    far = losses.lip_gap(gap(14), gap(12), 0.0, weights)
    assert near > 10 * far


def test_closure_is_the_weight_of_pressed_lips():
    pressed, apart = torch.tensor([[-1.0]]), torch.tensor([[5.0]])
    for target, times in ((pressed, 3), (apart, 1)):
        plain = losses.lip_gap(target + 1, target, 0.0, torch.ones(1))
        assert losses.lip_gap(target + 1, target, 0.0, torch.ones(1), closure=3) == times * plain


def test_acceleration_ignores_a_constant_velocity():
    curves = torch.randn(2, 5, 4)
    ramp = torch.arange(5.0)[None, :, None].expand(2, 5, 4)
    assert losses.acceleration(curves + ramp, curves) == pytest.approx(0, abs=1e-5)
    bend = ramp.square() / 2
    assert losses.acceleration(curves + bend, curves) == pytest.approx(1, abs=1e-4)
    assert losses.acceleration(curves[:, :2], curves[:, :2] + 1) == 0  # too short


@pytest.mark.parametrize(("loss", "power"), [(losses.velocity, 1), (losses.acceleration, 2)])
def test_differences_are_per_20_ms_for_any_distance_of_frames(loss, power):
    def motion(frame_ms):
        return (torch.arange(0, 100, frame_ms) / 20)[None, :, None] ** power

    far = loss(motion(20), 0 * motion(20))
    assert float(loss(motion(10), 0 * motion(10), 2.0)) == pytest.approx(float(far))


@pytest.mark.parametrize(
    ("target", "predicted", "wrong"),
    [(-1, 0.9, False), (-1, 1.5, True), (0.5, 1.5, True), (5, 3.1, False), (5, 2, True),
     (2, 9, False), (2, -3, False)],
)  # fmt: skip
def test_lips_on_the_right_side_of_the_margin_cost_nothing(target, predicted, wrong):
    gap = lambda mm: torch.tensor([[float(mm)]])  # noqa: E731
    assert (losses.lip_margin(gap(predicted), gap(target), 0.0, torch.ones(1)) > 0) == wrong


def test_the_margin_weighs_pressed_lips_the_same_however_few_there_are():
    target = torch.tensor([[-1.0]] + 99 * [[5.0]])
    predicted = torch.full((100, 1), 5.0)
    alone = losses.lip_margin(predicted[:1], target[:1], 0.0, torch.ones(1))
    assert losses.lip_margin(predicted, target, 0.0, torch.ones(1)) == pytest.approx(alone)


def test_an_aperture_counts_in_centimetres():
    target, predicted = torch.zeros(1, 2, 2), torch.tensor([[[0.5, 0.0], [0.0, 0.0]]])
    weights_mm = torch.tensor([20.0, 7.0])
    assert float(losses.aperture(predicted, target, weights_mm)) == pytest.approx(1 / 2)


def test_a_covariance_asks_for_the_size_and_independence_of_movements():
    torch.manual_seed(0)
    target = torch.randn(8, 50, 3) * torch.tensor([0.1, 0.2, 0.3])
    sds = torch.tensor([0.1, 0.2, 0.3])
    assert losses.covariance(target + 7, target, sds) == pytest.approx(0, abs=1e-9)
    # Movements half as large: each variance lacks 3/4.
    assert float(losses.covariance(target / 2, target, sds)) == pytest.approx(0.75**2 / 3, rel=0.2)
    together = target[..., :1] / sds[0] * sds  # all controls follow the first
    assert float(losses.covariance(together, target, sds)) == pytest.approx(6 / 9, rel=0.2)


def test_only_frames_at_rest_have_a_loss_of_rest():
    target = torch.tensor([[[0.0, 0.005], [0.0, 0.2]]])
    unsigned, predicted = torch.tensor([False, False]), torch.tensor([[[0.03, -0.02], [9, 9]]])
    # 0.03 is 0.04 above the margin of -0.01; -0.02 is below it.
    assert float(losses.rest(predicted, target, unsigned)) == pytest.approx(0.04 / 2)
    signed = torch.tensor([False, True])  # -0.02 is a face of its own
    assert float(losses.rest(predicted, target, signed)) == pytest.approx(0.06 / 2)
    assert losses.rest(predicted, target + 1, signed) == 0


def test_a_loss_of_rest_keeps_its_gradient_near_rest():
    curves = torch.tensor([[[1e-4]]], requires_grad=True)
    losses.rest(curves, torch.zeros(1, 1, 1), torch.tensor([False])).backward()
    assert curves.grad is not None
    assert float(curves.grad) == 1


def test_feature_losses_are_summed_over_the_layers():
    ours, theirs = [torch.zeros(2, 150), torch.zeros(2, 3)], [torch.ones(2, 150), torch.ones(2, 3)]
    assert losses.feature(ours, theirs) == 2


def test_attention_depends_on_time_and_not_on_channels():
    teacher = torch.randn(2, 8, 23)
    assert losses.attention(3 * teacher.flip(1), teacher) == pytest.approx(0, abs=1e-6)
    assert losses.attention(teacher.flip(2), teacher) > 0.01
