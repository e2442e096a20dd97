"""The version of Marotte that runs."""

__version__ = "0.1.0"
