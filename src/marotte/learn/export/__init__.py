"""A trained network in; an ONNX student, and what it costs, out."""
