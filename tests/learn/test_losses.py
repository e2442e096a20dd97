import pytest
import torch

from marotte.head import load_head
from marotte.learn import losses
from marotte.rig import ARKIT_52


def test_reconstruction_is_the_mean_square():
    assert losses.reconstruction(torch.ones(2, 3, 4), torch.zeros(2, 3, 4)) == 1


def test_velocity_ignores_a_constant_offset():
    curves = torch.randn(2, 5, 4)
    assert losses.velocity(curves + 3, curves) == pytest.approx(0, abs=1e-10)
    ramp = torch.arange(5.0)[None, :, None].expand(2, 5, 4)
    assert losses.velocity(curves + ramp, curves) == pytest.approx(1, abs=1e-5)


def test_lip_gap_flows_through_the_head():
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


def test_lip_gap_sees_a_closure_that_stays_open_more_than_a_wide_mouth():
    weights = torch.ones(1)
    gap = lambda mm: torch.tensor([[float(mm)]])  # noqa: E731
    near = losses.lip_gap(gap(2), gap(0), 0.0, weights)
    far = losses.lip_gap(gap(14), gap(12), 0.0, weights)
    assert near > 10 * far


def test_pressed_lips_weigh_more():
    pressed, apart = torch.tensor([[-1.0]]), torch.tensor([[5.0]])
    for target, times in ((pressed, 3), (apart, 1)):
        plain = losses.lip_gap(target + 1, target, 0.0, torch.ones(1))
        assert losses.lip_gap(target + 1, target, 0.0, torch.ones(1), closure=3) == times * plain
