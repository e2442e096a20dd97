"""A student for programs without Python: an ONNX file in, a `.mrt` file out, which `c/` runs."""
