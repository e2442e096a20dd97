"""A trained student as an ONNX file: its contract, its session, its timing."""
