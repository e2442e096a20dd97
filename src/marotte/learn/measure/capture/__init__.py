"""Scores against captured faces: takes and faces in, Markdown, a table and a plot out."""
