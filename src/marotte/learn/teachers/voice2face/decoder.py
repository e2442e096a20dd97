"""The mesh decoder of Voice2Face, a conditional variational autoencoder (Appendix A).

```
features of a time window, every 1/60 s    [21 bins, n_features]
  frequency convolutions, in each bin      [21 bins, channels]      features -> 1
  time convolutions                        [channels]               bins -> 1
  LSTM over the frames k-1, k, k+1         [hidden]
  + latent, + quality tag
  fully connected layers                   [n_vertices * 3]
```

The paper tells this order but no sizes; ours are these. A window is 21 bins of 1/60 s, 167 ms to
either side of its frame. The first frequency convolution brings whatever the encoder gives to 32
channels by 13: for MFCC and SSC with kernel and stride 3, for an encoder's features, whose order
means nothing, with a kernel over all of them; 3/2, 3/2 and 2/1 follow. The time convolutions are
5/2 and four of 3/1. Bins stand still while frames go by, so what two windows share is computed
once. The last layer begins as the principal components of the meshes that are learnt from.

The latent is one for a whole crop, not one a frame: it can hold what stays (how widely somebody
speaks), and no lips that move. At inference it is 0, and the tag is that of the better labels.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from marotte.learn.teachers.encoders.spectral import SpectralEncoder
from marotte.learn.teachers.voice2face.recipe import DecoderConfig

FPS = 30
BINS_PER_FRAME = 2
BIN_RATE = BINS_PER_FRAME * FPS
BANDS, BAND_CHANNELS = 13, 32
BAND_KERNELS, BAND_STRIDES = (3, 3, 2), (2, 2, 1)  # 13 -> 6 -> 2 -> 1
TIME_KERNELS, TIME_STRIDES = (5, 3, 3, 3, 3), (BINS_PER_FRAME, 1, 1, 1, 1)
CONTEXT_BINS = 10  # of a window, to either side of its frame
CONTEXT_FRAMES = 1  # of the LSTM
N_TAGS = 2  # labels of better and of lesser quality


@dataclass(frozen=True)
class Decoded:
    """What the decoder makes of a crop.

    Attributes:
        components: what the last layer makes meshes of [batch, n_frames, n_components].
        mean: of the latent's distribution [batch, latent].
        log_variance: its logarithm [batch, latent].
    """

    components: Tensor
    mean: Tensor
    log_variance: Tensor


class MeshDecoder(nn.Module):
    """See the module.

    Args:
        n_features: what the encoder gives.
        n_values: three times the vertices.
        n_components: principal components of the last layer.
        shape: sizes of the layers.
    """

    feature_mean: Tensor
    feature_std: Tensor

    def __init__(
        self, n_features: int, n_values: int, n_components: int, shape: DecoderConfig
    ) -> None:
        super().__init__()
        self.shape = shape
        channels, hidden = shape.channels, shape.hidden
        self.register_buffer("feature_mean", torch.zeros(n_features))
        self.register_buffer("feature_std", torch.ones(n_features))
        in_order = n_features == SpectralEncoder.dim
        self.first = (
            nn.Conv1d(1, BAND_CHANNELS, n_features // BANDS, n_features // BANDS)
            if in_order
            else nn.Linear(n_features, BAND_CHANNELS * BANDS)
        )
        widths = [BAND_CHANNELS, channels // 2, channels // 2, channels]
        self.frequency = nn.ModuleList(
            nn.Conv1d(n_in, n_out, kernel, stride)
            for n_in, n_out, kernel, stride in zip(
                widths[:-1], widths[1:], BAND_KERNELS, BAND_STRIDES, strict=True
            )
        )
        self.time = nn.ModuleList(
            nn.Conv1d(channels, channels, kernel, stride)
            for kernel, stride in zip(TIME_KERNELS, TIME_STRIDES, strict=True)
        )
        self.lstm = nn.LSTM(channels, hidden, batch_first=True)
        self.posterior = nn.Sequential(
            nn.Linear(n_components + N_TAGS, hidden),
            nn.GELU(),
            nn.Linear(hidden, hidden),
            nn.GELU(),
        )
        self.latent = nn.Linear(hidden, 2 * shape.latent)
        self.connected = nn.Sequential(
            nn.Linear(hidden + shape.latent + N_TAGS, hidden),
            nn.GELU(),
            nn.Linear(hidden, hidden),
            nn.GELU(),
            nn.Linear(hidden, n_components),
        )
        self.mesh = nn.Linear(n_components, n_values)
        nn.init.zeros_(self.latent.weight)  # the latent tells nothing to begin with
        # By PyTorch's own beginning nine layers in a row would hardly hear the sound at first.
        for layer in (self.first, *self.frequency, *self.time):
            nn.init.kaiming_normal_(layer.get_parameter("weight"), nonlinearity="relu")

    def initialise(self, features: Tensor, mean: Tensor, components: Tensor) -> None:
        """Know the features [n, n_features], and the meshes' mean and components, to begin with."""
        std, self.feature_mean[:] = torch.std_mean(features, dim=0)
        self.feature_std[:] = std.clamp(min=1e-3 * float(std.mean()))
        with torch.no_grad():
            self.mesh.weight.copy_(components.T)
            self.mesh.bias.copy_(mean)

    def encode_windows(self, bins: Tensor) -> Tensor:
        """What a frame's window says [batch, n_frames, channels].

        Args:
            bins: [batch, 2 * (n_frames - 1) + 21, n_features], features every 1/60 s.
        """
        x = (bins - self.feature_mean) / self.feature_std
        if self.training:
            x = x + self.shape.noise * torch.randn_like(x)
        batch, n_bins, n_features = x.shape
        x = x.reshape(batch * n_bins, n_features)
        if isinstance(self.first, nn.Conv1d):
            x = self.first(x[:, None])
        else:
            x = self.first(x).unflatten(1, (BAND_CHANNELS, BANDS))
        for layer in self.frequency:
            x = layer(functional.gelu(x))
        x = x.reshape(batch, n_bins, -1).transpose(1, 2)
        for layer in self.time:
            x = layer(functional.gelu(x))
        return functional.gelu(x).transpose(1, 2)

    def join_frames(self, heard: Tensor) -> Tensor:
        """What three frames in a row say [batch, n_frames - 2, hidden] of `encode_windows`'s."""
        threes = heard.unfold(1, 2 * CONTEXT_FRAMES + 1, 1).transpose(2, 3)
        joined, _ = self.lstm(threes.flatten(0, 1))
        return joined[:, -1].unflatten(0, threes.shape[:2])

    def decode(self, joined: Tensor, latent: Tensor, tag: Tensor) -> Tensor:
        """Components [batch, n_frames, n_components] of `join_frames`'s, a latent and a tag a crop."""
        condition = torch.cat([latent, _one_hot(tag)], dim=-1)
        condition = condition[:, None].expand(-1, joined.shape[1], -1)
        return self.connected(torch.cat([joined, condition], dim=-1))

    def project(self, controls: Tensor, matrix: Tensor) -> Tensor:
        """The components that come nearest to a face's mesh, as the posterior is shown it.

        Args:
            controls: of the face [..., n_controls].
            matrix: from controls to offsets [n_controls, n_vertices * 3].
        """
        # The components are orthogonal to begin with: their products are the mesh's place.
        weight = self.mesh.weight.detach()
        products = controls @ (matrix @ weight) - self.mesh.bias.detach() @ weight
        return products / weight.square().sum(0)

    def forward(self, bins: Tensor, seen: Tensor, tag: Tensor) -> Decoded:
        """Decode crops while learning: the latent is drawn from what the face tells of it.

        Args:
            bins: [batch, 2 * (n_frames + 1) + 21, n_features].
            seen: of the face that should be made [batch, n_frames, n_components].
            tag: 0 or 1 [batch].
        """
        joined = functional.dropout(
            self.join_frames(self.encode_windows(bins)), self.shape.dropout, self.training
        )
        tags = _one_hot(tag)[:, None].expand(-1, seen.shape[1], -1)
        told = self.posterior(torch.cat([seen, tags], dim=-1)).mean(dim=1)
        mean, log_variance = self.latent(told).clamp(-8, 8).chunk(2, dim=-1)
        latent = mean + torch.randn_like(mean) * (0.5 * log_variance).exp()
        return Decoded(self.decode(joined, latent, tag), mean, log_variance)

    def infer(self, heard: Tensor) -> Tensor:
        """Offsets [batch, n_frames - 2, n_vertices * 3] of `encode_windows`'s: latent 0, the better tag."""
        zeros = heard.new_zeros(len(heard), self.shape.latent)
        tag = torch.zeros(len(heard), dtype=torch.long)
        return self.mesh(self.decode(self.join_frames(heard), zeros, tag))


def _one_hot(tag: Tensor) -> Tensor:
    return functional.one_hot(tag, N_TAGS).float()
