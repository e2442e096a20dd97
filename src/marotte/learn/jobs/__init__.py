"""Labelling a corpus, on this machine or on a Ray cluster."""
