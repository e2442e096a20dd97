"""The captured face of the public repository FACEGOOD/FACEGOOD-Audio2Face (MIT).

```
code/train/wav/1114_2_01.wav                    one woman, Mandarin
code/train/bs_value/bs_value_1114_2_01.npy      116 shapes [n_frames, 116] at 30 frames per second
code/train/shirley_1015_bs_name.npy             the names of the shapes
```

The folder is `code/train`, or a folder with the same files. `SHAPES` is the repository's own sheet,
`doc/Voice2Face_blendshape2ARkit.xlsx`, of which it calls the rows for the mouth valid. Shapes that
have no ARKit control are left out. Takes whose sound is missing are left out, too. Sound and curves
begin together: the lip gap is nearest to the loudness at a shift of 17 ms.
"""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from marotte.archives import open_array
from marotte.errors import MarotteError
from marotte.learn.capture.loaders.files import read_samples
from marotte.learn.capture.take import Take
from marotte.learn.data.captured import CapturedCurves

FPS = 30.0
NAMES = "shirley_1015_bs_name.npy"
PREFIX = "bs_value_"
_SIDES = {"Left": "l", "Right": "r"}
SHAPES: dict[str, tuple[str, ...]] = {
    "jawForward": ("jaw_thrust_c",),
    "jawLeft": ("jaw_sideways_l",),
    "jawRight": ("jaw_sideways_r",),
    "jawOpen": ("mouth_stretch_c",),
    "mouthClose": ("mouth_chew_c",),
    "mouthFunnel": ("mouth_funnel_dl", "mouth_funnel_dr", "mouth_funnel_ul", "mouth_funnel_ur"),
    "mouthPucker": ("mouth_pucker_l", "mouth_pucker_r"),
    "mouthRollLower": ("mouth_suck_dl", "mouth_suck_dr"),
    "mouthRollUpper": ("mouth_suck_ul", "mouth_suck_ur"),
    "mouthShrugLower": ("mouth_chinRaise_d",),
    "mouthShrugUpper": ("mouth_chinRaise_u",),
    **{
        f"{control}{side}": tuple(f"{shape}_{letter}" for shape in shapes)
        for control, shapes in {
            "mouth": ("mouth_sideways",),
            "mouthSmile": ("mouth_lipCornerPull",),
            "mouthFrown": ("mouth_lipCornerDepress", "mouth_lipCornerDepressFix"),
            "mouthDimple": ("mouth_dimple",),
            "mouthStretch": ("mouth_lipStretch",),
            "mouthPress": ("mouth_press",),
            "mouthLowerDown": ("mouth_lowerLipDepress",),
            "mouthUpperUp": ("mouth_upperLipRaise",),
        }.items()
        for side, letter in _SIDES.items()
    },
}
"""The shapes of each ARKit control; of several shapes, the largest value counts."""


def load(folder: Path) -> list[Take]:
    """Load the takes of the repository, or of its folder `code/train`.

    Raises:
        MarotteError: a file can't be read, or the names do not fit the values.
    """
    for root in (folder, folder / "code" / "train"):
        values = sorted((root / "bs_value").glob(f"{PREFIX}*.npy"))
        if values and (root / "wav").is_dir():
            names = _read(root / NAMES)
            pairs = ((path, root / "wav" / f"{_key(path)}.wav") for path in values)
            return [_take(path, sound, names) for path, sound in pairs if sound.is_file()]
    return []


def _take(path: Path, sound: Path, names: NDArray[np.generic]) -> Take:
    values = _read(path).astype(np.float64)
    columns = {str(name): column for column, name in enumerate(names)}
    if values.ndim != 2 or values.shape[1] != len(columns):
        raise MarotteError(
            f"{path} has the shape {values.shape}, expected one column for each of the "
            f"{len(columns)} names in {NAMES}"
        )
    moved = {
        control: values[:, [columns[shape] for shape in shapes if shape in columns]]
        for control, shapes in SHAPES.items()
    }
    # A shape that no frame moves was not captured.
    given = {control: each.max(1) for control, each in moved.items() if each.any()}
    time_s = np.arange(len(values)) / FPS
    table = np.stack(list(given.values()), 1) if given else np.zeros((len(values), 0))
    curves = CapturedCurves(list(given), time_s, table, len(values) / FPS)
    return Take(f"facegood_{_key(path)}", "facegood", read_samples(sound), curves)


def _key(path: Path) -> str:
    return path.stem.removeprefix(PREFIX)


def _read(path: Path) -> NDArray[np.generic]:
    try:
        with warnings.catch_warnings():
            # Python 2 wrote the repository's files; NumPy reads them and says so.
            warnings.simplefilter("ignore", UserWarning)
            return np.array(open_array(path))
    except (OSError, ValueError) as error:
        raise MarotteError(
            f"can't read {path}: take the file from FACEGOOD/FACEGOOD-Audio2Face, code/train"
        ) from error
