"""Marotte in Maya: `start` and `stop` move a face live, `load` sets keys from a file.

import marotte_maya
marotte_maya.start("blendShape1")  # frames of `marotte live -o maya`
marotte_maya.stop()
marotte_maya.load("voice.json", "blendShape1", sound="voice.wav")  # `marotte animate`'s file

Runs in Maya's Python 3 (Maya 2022 and later) and needs no other package.
"""

from .curves import load
from .receiver import start, stop

__version__ = "0.1.0"
__all__ = ["load", "start", "stop"]
