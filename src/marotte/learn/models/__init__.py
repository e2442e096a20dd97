"""The networks that are trained: front ends, the student and the paper's baselines."""
