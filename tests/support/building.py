"""Build a small corpus in a test."""

from marotte.learn.corpora import build as builder


def build_corpus(recipe, folder, workers=1):
    """Build a corpus; return its plan and the finished parts."""
    plan = builder.plan_build(recipe, folder)
    return plan, list(builder.build(plan, folder, workers))
