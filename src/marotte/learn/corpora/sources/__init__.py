"""The built-in sources of speech, one module per source."""
