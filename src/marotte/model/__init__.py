"""A trained student as a file: its contract, its ONNX session, its timing."""
