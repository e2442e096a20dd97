"""The live path: a thread for the input, one for the stream, and one for each output."""
