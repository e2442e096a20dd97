"""Speech and its phones: alignment, recognition, TextGrids, synthesisers."""
