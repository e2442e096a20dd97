"""Training: a recipe and labelled speech in, a checkpoint out."""
