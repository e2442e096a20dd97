"""Synthesisers that report the times of their phones, and texts for them to say."""
