"""A step of a run: its stage, its learning rate, its precision and its EMA."""

import copy
import dataclasses

import pytest
import torch
from tiny_training import NAMES, RECIPE, open_run, train, weights

from marotte.learn.models.student import StudentConfig, StudentNet
from marotte.learn.train import run as run_module
from marotte.learn.train.distributed import usable_precision
from marotte.learn.train.recipe import CLEAN, FinetuneConfig


@pytest.mark.parametrize(("own_rate", "share_at_3"), [(1e-4, None), (0.0, 0.5)])
def test_a_run_ends_with_clean_speech(own_rate, share_at_3, tmp_path, monkeypatch):
    augments, rates = [], []
    draw_batch, step = run_module.draw_batch, run_module.Run.step

    def record_rate(run):
        losses = step(run)
        rates.append(run.state.optimizer.param_groups[0]["lr"])
        return losses

    def record_augment(*args):
        augments.append(args[2])
        return draw_batch(*args)

    monkeypatch.setattr(run_module, "draw_batch", record_augment)
    monkeypatch.setattr(run_module.Run, "step", record_rate)
    finetune = FinetuneConfig(share=0.5, learning_rate=own_rate)
    recipe = dataclasses.replace(RECIPE, finetune=finetune)
    train(recipe, tmp_path)
    assert augments == 3 * [recipe.augment] + 3 * [CLEAN]
    highest = recipe.train.learning_rate
    if own_rate:  # the main part has its own cosine, which is at 1/4 after two of its three steps
        assert rates[2:] == pytest.approx([highest / 4, own_rate, own_rate, own_rate])
    else:
        assert rates[3] == pytest.approx(highest * share_at_3)


def test_fine_tuning_can_give_pressed_lips_more_weight(tmp_path):
    loss = dataclasses.replace(RECIPE.loss, closure=3.0)
    closures = []

    def train_with(closure):
        fine = FinetuneConfig(share=0.5, closure=closure)
        recipe = dataclasses.replace(RECIPE, loss=loss, finetune=fine)
        run = open_run(recipe, tmp_path / f"{closure}")
        for objective in run.objectives:
            weigh, weight = objective.weigh, objective.weights.closure
            objective.weigh = lambda parts, weigh=weigh, weight=weight: (
                closures.append(weight) or weigh(parts)
            )
        for _ in range(RECIPE.train.steps):
            run.step()

    train_with(8.0)
    train_with(0.0)
    assert closures == [3.0, 3.0, 3.0, 8.0, 8.0, 8.0] + 6 * [3.0]


def test_mixed_precision_is_limited_to_convolutions(tmp_path, monkeypatch):
    monkeypatch.setattr(run_module, "usable_precision", lambda precision: precision)
    config = dataclasses.replace(RECIPE.train, steps=3, precision="bf16-mixed")
    run = open_run(dataclasses.replace(RECIPE, train=config), tmp_path)
    net, types = run.net, {}

    def watch(name, module):
        module.register_forward_hook(lambda *call: types.update({name: call[2].dtype}))

    watch("norm", net.frontend.convolutions[0][1])  # of a convolution's output
    watch("reduce", net.reduce[0][1])
    watch("hidden", net.hidden[0])
    watch("output", net.output)
    losses = run.step()
    assert types["norm"] == types["reduce"] == torch.bfloat16
    assert types["hidden"] == types["output"] == losses["total"].dtype == torch.float32
    assert {value.dtype for value in net.parameters()} == {torch.float32}
    assert bool(torch.isfinite(weights(net)).all())


def test_the_ema_forgets_the_initial_weights():
    ema, net = (StudentNet(StudentConfig(8, 64, NAMES, "mel", "step")) for _ in range(2))
    for step in range(1, 200):
        run_module.update_ema(ema, net, 0.9, step)
    torch.testing.assert_close(weights(ema), weights(net), atol=1e-6, rtol=0)


@pytest.mark.parametrize(("supported", "used"), [(True, "bf16-mixed"), (False, "32-true")])
def test_a_cpu_without_bfloat16_trains_in_32_bits(supported, used, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: supported, raising=False)
    assert usable_precision("bf16-mixed") == used
    assert usable_precision("16-mixed") == "16-mixed"


@pytest.mark.parametrize(("frontend", "norm"), [("mel", "step"), ("waveform", "window")])
def test_a_step_predicts_what_the_network_predicts(frontend, norm, tmp_path):
    shape = dataclasses.replace(RECIPE.student, frontend=frontend, norm=norm)
    config = dataclasses.replace(RECIPE.train, frames=32, batch=2)
    run = open_run(dataclasses.replace(RECIPE, student=shape, train=config), tmp_path)
    samples, _ = run._draw(run.stages[0], 0, range(1))
    nets = [run.net.train(), copy.deepcopy(run.net)]
    for predict in (run.model.crops, nets[1].crops):
        predict(samples, 32, 320).controls.square().mean().backward()
    gradients = [torch.cat([p.grad.flatten() for p in net.parameters()]) for net in nets]
    torch.testing.assert_close(*gradients, atol=1e-4 * float(gradients[1].abs().max()), rtol=0)


def test_a_budget_in_frames_ends_with_the_step_that_reaches_it(tmp_path):
    config = dataclasses.replace(RECIPE.train, steps=0, total_frames=3 * 24 + 1)
    assert config.total_steps == 4  # of 8 crops of 3 frames
    steps = []
    recipe = dataclasses.replace(RECIPE, train=config)
    train(recipe, tmp_path, lambda progress, losses: steps.append(progress.done(config)))
    assert steps == [0.25, 0.5, 0.75, 1.0]
