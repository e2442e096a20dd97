"""The decoder of Voice2Face: encoder features in, offsets of the mesh's vertices out.

It is the decoder of a conditional variational autoencoder (Appendix A of the paper):

```
features of a time window, every 1/60 s    [21 bins, n_features]
  frequency convolutions, in each bin      [21 bins, channels]      features -> 1
  time convolutions                        [channels]               bins -> 1
  LSTM over the frames k-1, k, k+1         [hidden]
  + latent, + quality tag
  fully connected layers                   [n_vertices * 3]
```

The paper gives this order of layers without sizes; the sizes are ours. A window has 21 bins, 1/60 s
apart, and covers 167 ms on each side of its frame. The first frequency convolution gives
32 channels of 13 bands: with kernel and stride 3 for MFCC and SSC, and with a kernel over all
features for a network's features, whose order has no meaning. Convolutions with kernel/stride 3/2,
3/2 and 2/1 follow. The time convolutions have kernel/stride 5/2 and four times 3/1. Bins have fixed
times, so the overlap of neighbouring windows is computed once. The last layer is initialised with
the principal components of the training meshes.

There is one latent per crop, not per frame: it can represent what stays the same, such as how
widely a speaker opens the mouth, but not the motion of the lips. At inference the latent is 0, and
the tag is that of the better labels.
"""

from __future__ import annotations

from collections.abc import Sequence
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
CONTEXT_BINS = 10  # on each side of a window's frame
CONTEXT_FRAMES = 1  # on each side of a frame, in the LSTM
EVEN_COMPONENTS = 20  # of the features' principal components, that have variance 1
N_TAGS = 2  # labels of better and of lower quality


@dataclass(frozen=True)
class Decoded:
    """Output of the decoder for a batch of crops.

    Attributes:
        components: input of the last layer [batch, n_frames, n_components].
        mean: mean of the latent's distribution [batch, latent].
        log_variance: logarithm of the latent's variance [batch, latent].
    """

    components: Tensor
    mean: Tensor
    log_variance: Tensor


class MeshDecoder(nn.Module):
    """The network described in the module.

    Args:
        n_features: number of features of the encoder.
        n_values: three times the number of vertices.
        n_components: number of principal components in the last layer.
        shape: sizes of the layers.
        n_prosody: how many features, at the end, are prosody.
    """

    feature_mean: Tensor
    feature_std: Tensor
    whitening: Tensor

    def __init__(
        self,
        n_features: int,
        n_values: int,
        n_components: int,
        shape: DecoderConfig,
        n_prosody: int = 0,
    ) -> None:
        super().__init__()
        self.shape, self.n_prosody = shape, n_prosody
        channels, hidden = shape.channels, shape.hidden
        self.register_buffer("feature_mean", torch.zeros(n_features))
        self.register_buffer("feature_std", torch.ones(n_features))
        if shape.components:
            whitening = torch.zeros(n_features - n_prosody, shape.components)
            self.register_buffer("whitening", whitening)
        n_inputs = shape.components + n_prosody if shape.components else n_features
        ordered = n_inputs == SpectralEncoder.dim
        self.first = (
            nn.Conv1d(1, BAND_CHANNELS, n_inputs // BANDS, n_inputs // BANDS)
            if ordered
            else nn.Linear(n_inputs, BAND_CHANNELS * BANDS)
        )
        widths = [BAND_CHANNELS, channels // 2, channels // 2, channels]
        self.frequency = _convolutions(widths, BAND_KERNELS, BAND_STRIDES)
        time_widths = [channels] * (len(TIME_KERNELS) + 1)
        self.time = _convolutions(time_widths, TIME_KERNELS, TIME_STRIDES)
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
        nn.init.zeros_(self.latent.weight)  # the latent carries no information at first
        # With PyTorch's default initialisation, little signal would pass nine layers.
        for layer in (self.first, *self.frequency, *self.time):
            nn.init.kaiming_normal_(layer.get_parameter("weight"), nonlinearity="relu")

    def initialise(self, features: Tensor, mean: Tensor, components: Tensor) -> None:
        """Set the normalisation of the features and the last layer.

        Args:
            features: features of the training speech [n, n_features].
            mean: mean of the training meshes [n_vertices * 3].
            components: principal components of the training meshes [n_components, n_vertices * 3].
        """
        std, self.feature_mean[:] = torch.std_mean(features, dim=0)
        self.feature_std[:] = std.clamp(min=1e-3 * float(std.mean()))
        if self.shape.components:
            scaled = ((features - self.feature_mean) / self.feature_std)[:, : len(self.whitening)]
            self.whitening[:] = whitening(scaled, self.shape.components)
        with torch.no_grad():
            self.mesh.weight.copy_(components.T)
            self.mesh.bias.copy_(mean)

    def encode_windows(self, bins: Tensor) -> Tensor:
        """Return the code of each frame's window [batch, n_frames, channels].

        Args:
            bins: features every 1/60 s [batch, 2 * (n_frames - 1) + 21, n_features].
        """
        x = (bins - self.feature_mean) / self.feature_std
        if self.shape.components:
            plain, prosody = x.tensor_split([len(self.whitening)], dim=-1)
            x = torch.cat([plain @ self.whitening, prosody], dim=-1)
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

    def join_frames(self, encoded: Tensor) -> Tensor:
        """Return the LSTM's output over three consecutive frames [batch, n_frames - 2, hidden].

        Args:
            encoded: output of `encode_windows` [batch, n_frames, channels].
        """
        threes = encoded.unfold(1, 2 * CONTEXT_FRAMES + 1, 1).transpose(2, 3)
        joined, _ = self.lstm(threes.flatten(0, 1))
        return joined[:, -1].unflatten(0, threes.shape[:2])

    def decode(self, joined: Tensor, latent: Tensor, tag: Tensor) -> Tensor:
        """Return components [batch, n_frames, n_components].

        Args:
            joined: output of `join_frames` [batch, n_frames, hidden].
            latent: one latent per crop [batch, latent].
            tag: quality tag of each crop, 0 or 1 [batch].
        """
        condition = torch.cat([latent, _one_hot(tag)], dim=-1)
        condition = condition[:, None].expand(-1, joined.shape[1], -1)
        return self.connected(torch.cat([joined, condition], dim=-1))

    def project(self, controls: Tensor, matrix: Tensor) -> Tensor:
        """Return the components nearest to a face's mesh, the input of the posterior.

        Args:
            controls: controls of the face [..., n_controls].
            matrix: map from controls to offsets [n_controls, n_vertices * 3].
        """
        # The components are initialised as orthogonal, so products with them give coordinates.
        weight = self.mesh.weight.detach()
        products = controls @ (matrix @ weight) - self.mesh.bias.detach() @ weight
        return products / weight.square().sum(0)

    def forward(self, bins: Tensor, target: Tensor, tag: Tensor) -> Decoded:
        """Decode training crops; the latent is drawn from the posterior given the target face.

        Args:
            bins: features every 1/60 s [batch, 2 * (n_frames + 1) + 21, n_features].
            target: components of the target face, from `project` [batch, n_frames, n_components].
            tag: quality tag of each crop, 0 or 1 [batch].
        """
        joined = functional.dropout(
            self.join_frames(self.encode_windows(bins)), self.shape.dropout, self.training
        )
        tags = _one_hot(tag)[:, None].expand(-1, target.shape[1], -1)
        summary = self.posterior(torch.cat([target, tags], dim=-1)).mean(dim=1)
        mean, log_variance = self.latent(summary).clamp(-8, 8).chunk(2, dim=-1)
        latent = mean + torch.randn_like(mean) * (0.5 * log_variance).exp()
        return Decoded(self.decode(joined, latent, tag), mean, log_variance)

    def infer(self, encoded: Tensor, tag: Tensor | None = None) -> Tensor:
        """Return offsets [batch, n_frames - 2, n_vertices * 3], with latent 0.

        Args:
            encoded: output of `encode_windows` [batch, n_frames, channels].
            tag: quality tag of each crop [batch]; the better one if None.
        """
        zeros = encoded.new_zeros(len(encoded), self.shape.latent)
        if tag is None:
            tag = torch.zeros(len(encoded), dtype=torch.long)
        return self.mesh(self.decode(self.join_frames(encoded), zeros, tag))


def whitening(features: Tensor, n_components: int) -> Tensor:
    """Return the map from features to principal components of variance 1.

    From the 20th on, a component keeps its size relative to the 20th: the last ones are mostly
    noise.

    Args:
        features: features with mean 0 [n, n_features].
        n_components: number of components.

    Returns:
        the map [n_features, n_components].

    Example:
        >>> import torch
        >>> from marotte.learn.teachers.voice2face.decoder import whitening
        >>> features = torch.randn(1000, 4) * torch.tensor([9.0, 3.0, 1.0, 0.1])
        >>> whitened = (features - features.mean(0)) @ whitening(features, 2)
        >>> bool((whitened.std(0) - 1).abs().max() < 0.05)
        True
    """
    _, sizes, directions = torch.linalg.svd(features, full_matrices=False)
    sizes = sizes[:n_components]
    damped = (sizes / sizes[min(EVEN_COMPONENTS, len(sizes) - 1)]).clamp(max=1)
    return directions[:n_components].T / (sizes / len(features) ** 0.5) * damped


def _convolutions(
    widths: Sequence[int], kernels: Sequence[int], strides: Sequence[int]
) -> nn.ModuleList:
    """Return convolutions from each width to the next."""
    return nn.ModuleList(
        nn.Conv1d(n_in, n_out, kernel, stride)
        for n_in, n_out, kernel, stride in zip(
            widths[:-1], widths[1:], kernels, strides, strict=True
        )
    )


def _one_hot(tag: Tensor) -> Tensor:
    return functional.one_hot(tag, N_TAGS).float()
