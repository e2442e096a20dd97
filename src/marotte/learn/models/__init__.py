"""The networks that are trained: front ends, the student, the baselines."""
