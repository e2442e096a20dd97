"""Frames changed after the student: gain, effort, mood, idle motion, gaze, retargeting."""
