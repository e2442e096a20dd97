"""Probes: how well each layer of a student tells phonemes and visemes apart (Fig. 12)."""
