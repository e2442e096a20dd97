"""How a face eases to rest where speech ends: seconds since its end in, shares of the face out."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

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
