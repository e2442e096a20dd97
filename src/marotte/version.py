"""The version of Marotte that runs."""

__version__ = "0.2.0"
