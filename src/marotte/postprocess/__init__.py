"""Frames changed after the student: retargeting and idle motion."""
