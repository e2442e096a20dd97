"""Crops and a network in, predictions out: by the engine if it is faster for this network."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from marotte.learn.models.face_net import FaceNet
from marotte.learn.models.frontends import full_precision
from marotte.learn.models.student import Prediction, StudentNet
from marotte.learn.train.engine.forward import CropShape, predict

DTYPES = {"32-true": torch.float32, "bf16-mixed": torch.bfloat16, "16-mixed": torch.float16}
"""The type of the engine's convolutions, by the recipe's `train.precision`."""


def predict_crops(
    net: FaceNet,
    samples: Tensor,
    n_frames: int,
    hop_length: int,
    dtype: torch.dtype = torch.float32,
) -> Prediction:
    """Return what `FaceNet.crops` returns, computed by the engine where that is faster.

    It is not faster for baselines, nor for students that normalise over the whole window: these
    share nothing between the windows of a crop.

    Args:
        net: the network.
        samples: [batch, window + (n_frames - 1) * hop_length].
        n_frames: frames per crop; a multiple of 320 / hop_length.
        hop_length: samples from frame to frame; must divide 320.
        dtype: the type of the engine's convolutions. Other networks follow `torch.autocast`.

    Example:
        >>> import torch
        >>> from marotte.learn.models.student import StudentConfig, StudentNet
        >>> from marotte.learn.train.engine.crop_predictor import predict_crops
        >>> net = StudentNet(StudentConfig(8, 64, ("jawOpen",), "mel", norm="step")).eval()
        >>> samples = torch.zeros(2, net.config.window.n_samples + 3 * 320)
        >>> ours, theirs = predict_crops(net, samples, 4, 320), net.crops(samples, 4, 320)
        >>> torch.allclose(ours.controls, theirs.controls, atol=1e-4)
        True
    """
    if isinstance(net, StudentNet) and net.config.norm == "step":
        with full_precision(samples):  # the engine casts by itself
            shape = CropShape(n_frames, hop_length)
            return predict(net, samples.float(), shape, dtype)
    return net.crops(samples, n_frames, hop_length)


class CropPredictor(nn.Module):
    """`predict_crops` of one network as a module, so that several processes can share its steps."""

    def __init__(self, net: FaceNet, dtype: torch.dtype) -> None:
        super().__init__()
        assert isinstance(net, nn.Module)
        self.net, self.dtype = net, dtype

    def crops(self, samples: Tensor, n_frames: int, hop_length: int) -> Prediction:
        """Predict the frames of crops; see `predict_crops`."""
        return predict_crops(self.net, samples, n_frames, hop_length, self.dtype)
