"""The head's yaw, pitch and roll in; quaternions or matrices out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

NECK_MM = (0.0, 70.0, -30.0)
"""The point of Marotte's head that it turns about, in mm."""


def quaternions(angles: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return unit quaternions x, y, z, w [n, 4] of yaw, pitch and roll in radians [n, 3].

    The rotation is R = R_y(yaw) R_x(pitch) R_z(roll), with x to the face's left, y up and z out of
    the face. The sign of each quaternion is that of the one before, so that programs interpolate
    the short way.

    Example:
        >>> import numpy as np
        >>> from marotte.face.head_pose import quaternions
        >>> quaternions(np.array([[0.0, 0.0, 0.0], [np.pi / 2, 0.0, 0.0]])).round(3).tolist()
        [[0.0, 0.0, 0.0, 1.0], [0.0, 0.7070000171661377, 0.0, 0.7070000171661377]]
    """
    cos_yaw, cos_pitch, cos_roll = np.cos(angles / 2).T
    sin_yaw, sin_pitch, sin_roll = np.sin(angles / 2).T
    result = np.stack(
        [
            cos_yaw * sin_pitch * cos_roll + sin_yaw * cos_pitch * sin_roll,
            sin_yaw * cos_pitch * cos_roll - cos_yaw * sin_pitch * sin_roll,
            cos_yaw * cos_pitch * sin_roll - sin_yaw * sin_pitch * cos_roll,
            cos_yaw * cos_pitch * cos_roll + sin_yaw * sin_pitch * sin_roll,
        ],
        axis=1,
    )
    turns = np.where((result[1:] * result[:-1]).sum(1) < 0, -1, 1).cumprod()
    result[1:] *= turns[:, None]
    return result.astype(np.float32)


def turned(vertices: NDArray[np.float32], angles: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return vertices in mm [n, n_vertices, 3] turned about the neck by angles as above [n, 3].

    Example:
        >>> import numpy as np
        >>> from marotte.face.head_pose import NECK_MM, turned
        >>> nose = np.float32([[NECK_MM]]) + np.float32([0, 0, 100])
        >>> (turned(nose, np.array([[np.pi / 2, 0, 0]])) - NECK_MM).round(3).tolist()
        [[[100.0, 0.0, 0.0]]]
    """
    x, y, z, w = quaternions(angles).T
    columns = [
        [1 - 2 * (y * y + z * z), 2 * (x * y + z * w), 2 * (x * z - y * w)],
        [2 * (x * y - z * w), 1 - 2 * (x * x + z * z), 2 * (y * z + x * w)],
        [2 * (x * z + y * w), 2 * (y * z - x * w), 1 - 2 * (x * x + y * y)],
    ]
    transposed = np.moveaxis(np.array(columns, np.float32), 2, 0)
    neck = np.array(NECK_MM, np.float32)
    return (vertices - neck) @ transposed + neck
