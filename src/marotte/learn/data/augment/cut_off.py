"""Speech that is cut off: crops and curves in; silence and rest from a random moment on out."""

from __future__ import annotations

import torch
from torch import Tensor

from marotte.audio.resampling import SAMPLE_RATE
from marotte.learn.data.rest import share_of_face

REST_S = 0.12  # the face is at rest this long after speech is cut off
BEFORE_S = 0.3  # a cut may lie this long before the first frame of a crop


def cut_off(
    samples: Tensor,
    targets: Tensor,
    share: float,
    first_frame: int,
    hop_length: int,
    generator: torch.Generator,
) -> tuple[Tensor, Tensor]:
    """Cut speech off in some crops; from there on, the face eases to rest.

    The moment is uniform from 300 ms before the first frame to the last frame, so in the middle of
    a word more often than not. Rooms and noise are added later, so their sound goes on.

    Args:
        samples: crops [batch, n].
        targets: the teacher's curves [batch, n_frames, n_controls].
        share: the share of the crops to cut.
        first_frame: the sample of the first frame.
        hop_length: samples from frame to frame.
        generator: source of the random numbers, on the device of the crops.

    Returns:
        The crops and the curves, of the same shapes.

    Example:
        >>> import torch
        >>> from marotte.learn.data.augment.cut_off import cut_off
        >>> crop, face = torch.ones(1, 32_000), torch.ones(1, 100, 1)
        >>> crop, face = cut_off(crop, face, 1.0, 160, 320, torch.Generator().manual_seed(0))
        >>> cut = int(crop.sum()) - 160  # samples after the first frame
        >>> [round(float(share), 1) for share in face[0, cut // 320 :: 2, 0][:5]]
        [1.0, 0.9, 0.4, 0.0, 0.0]
    """
    device, batch = samples.device, len(samples)
    chosen, moment = torch.rand(2, batch, 1, generator=generator, device=device)
    frames = torch.arange(targets.shape[1], device=device) * hop_length
    cut = moment * (frames[-1] + BEFORE_S * SAMPLE_RATE) - BEFORE_S * SAMPLE_RATE
    cut = torch.where(chosen < share, cut, float("inf"))
    sounds = torch.arange(samples.shape[1], device=device) - first_frame < cut
    left = share_of_face((frames - cut) / SAMPLE_RATE, REST_S)
    return samples * sounds, targets * left[..., None]
