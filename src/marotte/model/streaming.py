"""The streamed form of a student: new samples and remembered steps in, controls and steps out.

A student whose front end gives a step every 20 ms that depends on nothing but the samples under it
need not look at its whole window again for every frame. Its streamed form takes the samples of the
new steps alone, and the steps of before, which it hands back with the new ones among them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, cast, final

import numpy as np
from numpy.typing import NDArray

from marotte.errors import MarotteError
from marotte.model.contract import Contract

STREAMED = ".stream.onnx"  # the ending that takes the place of the student's own
STEPS_KEY = "marotte_steps"
SAMPLES, STEPS, CONTROLS, NEXT_STEPS = "samples", "steps", "controls", "next_steps"

Ring = NDArray[np.float32]


@final
@dataclass(frozen=True)
class StreamedForm:
    """A student that is run step by step.

    Attributes:
        step_samples: from the beginning of one step to that of the next; 320 is 20 ms.
        reach_samples: that one step is made of.
        n_steps: of a window.
        channels: numbers a step.
    """

    step_samples: int
    reach_samples: int
    n_steps: int
    channels: int
    session: Any = field(repr=False)

    @property
    def n_samples(self) -> int:
        """What all steps of a window reach over; a few samples less than the window itself."""
        return self.samples_of(self.n_steps)

    def samples_of(self, n_steps: int) -> int:
        """How many samples some neighbouring steps are made of."""
        return (n_steps - 1) * self.step_samples + self.reach_samples

    def empty_ring(self) -> Ring:
        """Steps [1, channels, n_steps] of which nothing is kept."""
        return np.zeros((1, self.channels, self.n_steps), np.float32)

    def advance(self, samples: NDArray[np.float32], ring: Ring) -> tuple[NDArray[np.float32], Ring]:
        """Take in the samples [n] of one or more new steps.

        Returns:
            The bare answer [1, n_outputs] to the window that ends with them, and its steps.
        """
        feed = {SAMPLES: samples[None], STEPS: ring}
        controls, ring = self.session.run([CONTROLS, NEXT_STEPS], feed)
        return controls, ring


def read_streamed_form(session: Any, contract: Contract, where: str) -> StreamedForm:
    """Check an opened streamed form; `where` names its file in errors.

    Raises:
        MarotteError: the file does not say how long its steps are, or its graph is another's.
    """
    try:
        described = json.loads(session.get_modelmeta().custom_metadata_map.get(STEPS_KEY, "{}"))
        values = cast("dict[str, int]", described)
        step, reach = int(values["step_samples"]), int(values["reach_samples"])
        ports = {
            port.name: list(port.shape) for port in (*session.get_inputs(), *session.get_outputs())
        }
        one, channels, n_steps = ports[STEPS]
        fits = (
            one == 1
            and ports[NEXT_STEPS] == ports[STEPS]
            and ports[CONTROLS] == [1, len(contract.names)]
            and step > 0
            and 0 <= contract.window.n_samples - ((n_steps - 1) * step + reach) < step
        )
    except (ValueError, KeyError, TypeError) as error:
        raise MarotteError(f"{where} is no streamed form of a student: export it again") from error
    if not fits:
        raise MarotteError(f"{where} contradicts its contract: export the student again")
    return StreamedForm(step, reach, n_steps, channels, session)
