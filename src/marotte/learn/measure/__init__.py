"""How good a face is: predictors, metrics, scores, cards and ratings."""
