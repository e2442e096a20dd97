"""Evaluation of talking faces: predictors, scores, model cards and ratings by people."""
