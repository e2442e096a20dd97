"""A faster training engine: the same networks and losses, computed with features last.

`forward` computes the predictions of an ordinary `StudentNet`; `marotte train` calls it through
`crop_predictor`. `rows` trains several recipes on the same crops.
"""
