"""Captured faces: recordings of real people beside the sound that they spoke."""
