"""How a face leaves rest for an utterance and returns to it: times in, shares of the face out."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeVar

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

    Array = TypeVar("Array", NDArray[np.float64], Tensor)


def share_of_face(since_s: Array, rest_s: float) -> Array:
    """Return the share of a face that is left: 1 when speech ends, 0 after `rest_s`.

    The curve is smoothstep, which starts and ends without a jump in speed.

    Args:
        since_s: seconds since speech has ended, of any shape; 0 or less where it has not.
        rest_s: seconds until the face is at rest.

    Returns:
        Values of the same shape.

    Example:
        >>> import numpy as np
        >>> from marotte.learn.data.rest import share_of_face
        >>> share_of_face(np.array([-1.0, 0.0, 0.03, 0.06, 0.12, 5.0]), 0.12).tolist()
        [1.0, 1.0, 0.84375, 0.5, 0.0, 0.0]
    """
    left = (1 - since_s / rest_s).clip(0, 1)
    return left * left * (3 - 2 * left)


class RestTimes(NamedTuple):
    """The times in which a face leaves rest before an utterance, and returns to it after it.

    Attributes:
        before_s: seconds from rest to the first face of the utterance.
        after_s: seconds from its last face to rest.
    """

    before_s: float
    after_s: float

    def share(self, time_s: Array, end_s: Array) -> Array:
        """Return the share of the first or last face at times outside an utterance; 1 inside it.

        Args:
            time_s: times in the utterance, of any shape.
            end_s: the time of its last face, of a shape that broadcasts to it.

        Example:
            >>> import numpy as np
            >>> from marotte.learn.data.rest import RestTimes
            >>> time_s, end_s = np.array([-0.2, -0.1, 0.0, 1.0, 1.06, 1.12]), np.array(1.0)
            >>> RestTimes(before_s=0.2, after_s=0.12).share(time_s, end_s).round(6).tolist()
            [0.0, 0.5, 1.0, 1.0, 0.5, 0.0]
        """
        before = share_of_face(-time_s, self.before_s)
        return before * share_of_face(time_s - end_s, self.after_s)
