"""Rows of a table trained on equal data, on this machine or on one that the corpus can't reach."""
