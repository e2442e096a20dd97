"""One module per source of speech."""
