"""Verdicts on the paper's claims."""

from result_lines import COSTS, line

from marotte.learn.reproduce.claims import CLAIMS
from marotte.learn.reproduce.verdicts import Measured, verdict_table


def test_claims_are_held_or_not():
    def verdict(text, figures, costs=()):
        [claim] = [claim for claim in CLAIMS if claim.text == text]
        return verdict_table([claim], Measured(figures, costs)).splitlines()[-1]

    small = "S1 is slightly worse than S0, S2 considerably"
    figures = [line("S0"), line("S1", own_pbm=0.88), line("S2", own_pbm=0.7)]
    assert "| held |" in verdict(small, figures)
    assert "S0 90.0, S1 88.0, S2 70.0" in verdict(small, figures)
    assert "**not held**" in verdict(small, [*figures[:2], line("S2", own_pbm=0.87)])
    assert "not measured" in verdict(small, figures[:2])
    little = [*figures[:2], line("S2", own_pbm=0.7, auc=0.96)]
    assert "| undecided |" in verdict(small, little)
    assert "AUC below 0.97: S2" in verdict(small, little)
    smoothing = "smoothing: lower PBM, higher MSE, less jitter"
    both = [
        each
        for row in ("S4+", "S5+")
        for each in (line(row), line(f"{row} smooth", own_pbm=0.8, mse=0.003, jitter=0.4))
    ]
    assert "| held |" in verdict(smoothing, both)
    assert "PBM -10.0 points, MSE × 1.50, jitter × 0.57" in verdict(smoothing, both)
    # Every claim has a verdict, whatever is measured.
    assert verdict_table(CLAIMS, Measured(figures, [COSTS])).count("\n") == len(CLAIMS) + 1
