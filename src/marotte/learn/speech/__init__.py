"""Speech and its phones: alignment, phone recognition, TextGrids and synthesisers."""
