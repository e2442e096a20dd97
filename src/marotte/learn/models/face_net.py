"""The interface of a network that training, evaluation and export rely on."""

# ruff: noqa: D102  # torch.nn.Module documents its own methods

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Protocol

from torch import Tensor, nn

from marotte.learn.models.student import Prediction, StudentConfig

if TYPE_CHECKING:
    from typing_extensions import Self


class FaceNet(Protocol):
    """A torch module that predicts rig controls: `StudentNet`, `MfccNet` or `HubertNet`.

    All methods but `crops` are those of `torch.nn.Module`.
    """

    config: StudentConfig

    def __call__(self, samples: Tensor, /) -> Prediction:
        """Predict one frame per window; samples [batch, n_samples] are the windows."""
        ...

    def crops(self, samples: Tensor, n_frames: int, hop_length: int = ...) -> Prediction:
        """Predict several frames per crop of a recording; see `StudentNet.crops`."""
        ...

    def train(self, mode: bool = True) -> Self: ...

    def eval(self) -> Self: ...

    def to(self, device: Any) -> Self: ...

    def cpu(self) -> Self: ...

    def requires_grad_(self, requires_grad: bool = True) -> Self: ...

    def parameters(self) -> Iterator[nn.Parameter]: ...

    def modules(self) -> Iterator[nn.Module]: ...

    def named_modules(self) -> Iterator[tuple[str, nn.Module]]: ...

    def state_dict(self) -> dict[str, Any]: ...

    def load_state_dict(self, state_dict: Any) -> Any: ...
