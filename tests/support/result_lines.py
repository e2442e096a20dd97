"""Lines of a table's CSV files."""

import dataclasses

from marotte.learn.reproduce.results import Costs, Figures

FIGURES = Figures(
    row="S0",
    seed=0,
    trained_frames=3_000_000,
    trained_minutes=40.0,
    heard="as it is",
    split="test_clean",
    who="all",
    minutes=5.0,
    pbm=0.9,
    bilabials=100,
    false_closure=0.02,
    vowels=200,
    balanced=0.94,
    auc=0.99,
    own_mm=1.6,
    own_pbm=0.9,
    own_false_closure=0.02,
    timing_ms=-3.0,
    contact_ms=90.0,
    taught_contact_ms=100.0,
    mse=0.002,
    jitter=0.7,
    taught_jitter=0.6,
)
COSTS = Costs("S0", 0, 3_000_000, 350_000_000, -1, 21.1, 90.0, 256.0, 4.0, 0, 0.1, 0.2, 0.3, 0.4)


def line(row, **changes):
    """Return the figures with another row and other changes."""
    return dataclasses.replace(FIGURES, row=row, **changes)
