"""Weights of students' files, and what their layers get on average."""

import numpy as np
import pytest

from marotte.model.activations import mean_inputs
from marotte.model.contract import golden_input
from marotte.model.protobuf import field, fields, values
from marotte.model.session import load_student, student_path
from marotte.model.weights import read_weights


@pytest.mark.parametrize("name", ["live", "tiny", "offline"])
def test_the_mean_input_of_each_layer_is_known(name):
    path = student_path(name)
    weights = read_weights(path)
    window = golden_input(load_student(name).window.n_samples)[None]
    means = mean_inputs(path, window)
    layers = {key for key, values in weights.items() if key.endswith("weight") and values.ndim > 1}
    assert layers <= set(means)
    for key in layers - {"global_context.0.weight"}:
        assert means[key].shape == weights[key].shape[1:2], key
    assert np.isfinite(np.concatenate(list(means.values()))).all()


@pytest.mark.parametrize("n_bytes", [0, 1, 127, 128, 16_383, 16_384, 70_000])
def test_a_field_is_read_as_it_was_written(n_bytes):
    content = bytes(range(256)) * (n_bytes // 256 + 1)
    message = field(2, b"other") + field(7, content[:n_bytes]) + field(2, b"")
    assert [bytes(each) for each in values(memoryview(message), 7)] == [content[:n_bytes]]
    assert [number for number, _ in fields(memoryview(message))] == [2, 7, 2]
