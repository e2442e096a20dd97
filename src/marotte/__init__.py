"""Marotte: a voice becomes a moving face, on the device that plays it."""

__version__ = "0.1.0"
