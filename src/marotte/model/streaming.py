"""The streamed form of a student: new samples and past features in, controls and features out.

The front end of a student computes one feature vector (a step) every 20 ms. If a step depends
only on the samples in its own receptive field, it is computed once and not for every frame. The
streamed form takes the samples of the new steps and the features of the past steps, and returns the
controls and the updated features.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast, final

import numpy as np
from numpy.typing import NDArray

from marotte.config import parse_json
from marotte.errors import DAMAGED, MarotteError
from marotte.model.contract import Contract, golden_input

STREAMED = ".stream.onnx"  # replaces the ending of the student's own file
STEPS_KEY = "marotte_steps"
SAMPLES, STEPS, CONTROLS, NEXT_STEPS = "samples", "steps", "controls", "next_steps"

Ring = NDArray[np.float32]


@final
@dataclass(frozen=True)
class StreamedForm:
    """A student that computes each step of its front end once.

    Attributes:
        step_samples: hop length between two steps; 320 is 20 ms.
        receptive_field_samples: receptive field of one step.
        n_steps: number of steps in a window.
        channels: number of features per step.
    """

    step_samples: int
    receptive_field_samples: int
    n_steps: int
    channels: int
    session: Any = field(repr=False)

    @property
    def n_samples(self) -> int:
        """Number of samples that all steps of a window cover; a few fewer than the window has."""
        return self.samples_of(self.n_steps)

    def samples_of(self, n_steps: int) -> int:
        """Return how many samples a number of neighbouring steps cover."""
        return (n_steps - 1) * self.step_samples + self.receptive_field_samples

    def empty_ring(self) -> Ring:
        """Return the features [1, channels, n_steps] at the beginning of a stream: zeros."""
        return np.zeros((1, self.channels, self.n_steps), np.float32)

    def advance(self, samples: NDArray[np.float32], ring: Ring) -> tuple[NDArray[np.float32], Ring]:
        """Compute one or more new steps.

        Args:
            samples: the samples [n] of the new steps.
            ring: the features of the past steps [1, channels, n_steps].

        Returns:
            The raw output [1, n_outputs] for the window that ends with the samples, and the
            features of the window.
        """
        feed = {SAMPLES: samples[None], STEPS: ring}
        controls, ring = self.session.run([CONTROLS, NEXT_STEPS], feed)
        return controls, ring

    def check_golden(self, contract: Contract) -> float:
        """Return the largest difference to the exporter's output for `golden_input`."""
        window = golden_input(contract.window.n_samples)[: self.n_samples]
        controls, _ = self.advance(window, self.empty_ring())
        return float(np.abs(controls[0] - np.array(contract.golden)).max())


def read_streamed_form(session: Any, contract: Contract, where: str) -> StreamedForm:
    """Check the session of a streamed form.

    Args:
        session: the ONNX session.
        contract: the contract of the student.
        where: the name of the file, for messages.

    Raises:
        MarotteError: the file lacks the lengths of its steps, or its graph does not fit them.
    """
    try:
        described = parse_json(session.get_modelmeta().custom_metadata_map.get(STEPS_KEY, "{}"))
        values = cast("dict[str, int]", described)
        step, receptive_field = int(values["step_samples"]), int(values["reach_samples"])
        ports = {
            port.name: list(port.shape) for port in (*session.get_inputs(), *session.get_outputs())
        }
        one, channels, n_steps = ports[STEPS]
        fits = (
            one == 1
            and ports[NEXT_STEPS] == ports[STEPS]
            and ports[CONTROLS] == [1, len(contract.names)]
            and step > 0
            and 0 <= contract.window.n_samples - ((n_steps - 1) * step + receptive_field) < step
        )
    except DAMAGED as error:
        raise MarotteError(
            f"{where} is not the streamed form of a student: export it again"
        ) from error
    if not fits:
        raise MarotteError(f"{where} contradicts its contract: export the student again")
    return StreamedForm(step, receptive_field, n_steps, channels, session)
