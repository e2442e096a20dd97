"""A faster training engine: the same networks and losses, computed with features last.

`rows` trains several recipes on the same crops, and `forward` computes the predictions of an
ordinary `StudentNet`. `marotte train` does not use the engine.
"""
