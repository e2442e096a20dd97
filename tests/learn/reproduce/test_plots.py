"""Plots: labels and the Pareto front."""

from marotte.learn.reproduce.plots import pareto_front, spread_apart


def test_labels_of_close_dots_are_moved_apart():
    assert spread_apart([5, 0, 5.5], 1) == [4.75, 0, 5.75]
    assert spread_apart([], 1) == []


def test_the_pareto_front_has_the_best_score_at_each_cost():
    assert pareto_front([(3, 9), (1, 5), (2, 4), (2, 7)]) == [(1, 5), (2, 7), (3, 9)]
