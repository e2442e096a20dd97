"""Synthesisers that tell when they say what, and texts for them to say."""
