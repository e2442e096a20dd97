"""A student's training step as a CUDA graph: recorded once, then launched by one call.

A graph replays the same kernels on the same addresses. So each batch is copied to the address of
the first one, and whatever changes from step to step is a tensor.
"""

from __future__ import annotations

import torch
from torch import Tensor

from marotte.learn.models.student import Prediction
from marotte.learn.train.engine.student_training import StudentTraining
from marotte.model.timing import WindowSpec

WARM_UP_STEPS = 3  # in which libraries choose their kernels; their effect is undone


class RecordedStep:
    """`StudentTraining.step` as a recording on a stream of its own.

    Attributes:
        stream: the stream that replays it. Wait for this stream before you read the student's
            losses or weights.
    """

    def __init__(
        self,
        training: StudentTraining,
        samples: Tensor,
        targets: Tensor,
        union: WindowSpec,
        stage: int,
        intermediate: Prediction | None,
    ) -> None:
        """Record a step; the student stays as it is."""
        self.inputs = [each.clone() for each in _flatten(samples, targets, intermediate)]
        samples, targets, intermediate = _unflatten(self.inputs)
        before = training.snapshot()
        self.stream = torch.cuda.Stream()
        self.stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(self.stream):
            for _ in range(WARM_UP_STEPS):
                training.step(samples, targets, union, stage, intermediate)
        torch.cuda.synchronize()
        self.graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.graph, stream=self.stream):
            self.losses = training.step(samples, targets, union, stage, intermediate)
        training.undo(before)

    def __call__(
        self, samples: Tensor, targets: Tensor, intermediate: Prediction | None
    ) -> dict[str, Tensor]:
        """Launch a step on `stream`; return its losses, which the next step overwrites."""
        batch = _flatten(samples, targets, intermediate)
        self.stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(self.stream):
            torch._foreach_copy_(self.inputs, batch)  # pyright: ignore[reportPrivateImportUsage]
            for each in batch:
                each.record_stream(self.stream)
            self.graph.replay()
        return self.losses


def _flatten(samples: Tensor, targets: Tensor, intermediate: Prediction | None) -> list[Tensor]:
    if intermediate is None:
        return [samples, targets]
    return [samples, targets, intermediate.controls, *intermediate.taps, *intermediate.maps]


def _unflatten(inputs: list[Tensor]) -> tuple[Tensor, Tensor, Prediction | None]:
    samples, targets, *rest = inputs
    if not rest:
        return samples, targets, None
    controls, first, hidden, last, *maps = rest
    return samples, targets, Prediction(controls, (first, hidden, last), tuple(maps))
