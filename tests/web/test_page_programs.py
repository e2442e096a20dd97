"""Parts of the pages' programs that need no browser, in Node."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

SOURCES = Path(__file__).parents[2] / "src" / "marotte" / "web" / "src"
NODE = shutil.which("node")
pytestmark = pytest.mark.skipif(NODE is None, reason="no Node here")


def in_node(script: str, module: str, *values: Any) -> Any:
    """Return what a script assigns to `result`, from a module and `values`."""
    assert NODE
    text = (
        f"import * as module from {json.dumps((SOURCES / module).as_uri())};\n"
        f"const values = {json.dumps(values)};\n{script}\nconsole.log(JSON.stringify(result));"
    )
    command = [NODE, "--input-type=module", "-"]
    run = subprocess.run(command, input=text, capture_output=True, text=True, check=True)
    return json.loads(run.stdout)


def test_the_head_is_the_sum_of_what_its_controls_move() -> None:
    rng = np.random.default_rng(0)
    rest, normals = rng.normal(size=(2, 12))
    deltas = rng.normal(size=(3, 2, 12))
    deltas[1, :, 3:9] = 0
    script = """const [rest, normals, deltas, controls] = values;
    const array = numbers => Float32Array.from(numbers);
    const parts = deltas.map(([p, n]) => ({ positions: array(p), normals: array(n) }));
    const morphs = new module.Morphs(array(rest), array(normals), parts);
    const found = [new Float32Array(12), new Float32Array(12)];
    for (const values of controls) morphs.apply(values, ...found);
    const moved = morphs.parts.map(({ starts }) => starts.length);
    const result = { found: found.map(each => [...each]), moved };"""
    values = [0.5, 0.25, 0.0]
    answer = in_node(
        script, "morphs.js", rest.tolist(), normals.tolist(), deltas.tolist(), [[1, 1, 1], values]
    )
    expected = np.stack([rest, normals]) + np.tensordot(values, deltas, 1)
    np.testing.assert_allclose(answer["found"], expected, atol=1e-6)
    assert answer["moved"] == [4, 2, 4]


def test_slow_devices_get_fewer_pixels_but_not_for_a_pause() -> None:
    script = """const at = (times) => {
        const resolution = new module.Resolution(2);
        for (const time of times) resolution.add(time);
        return resolution.ratio;
    };
    const many = (time) => Array(1000).fill(time);
    const paused = [...many(16.7), 5000, ...many(16.7)];
    const result = [many(16.7), many(33), paused, Array(50).fill(33)].map(at);"""
    assert in_node(script, "resolution.js") == [2, 0.75, 2, 1.6]


def test_scales_of_the_live_chart_survive_lost_frames() -> None:
    script = """const chart = { levels: [0, 0.2, 0.4], gap: { most: 10 } };
    const fit = (values) => {
        chart.lines = values.map(value => ({ track: { at: () => value ?? NaN } }));
        module.LiveChart.prototype.fit.call(chart, { time: 1, gap: 3 });
        return chart.levels;
    };
    const result = [[null, null], [null, 0.3], [null, 0.9]].map(fit);"""
    assert in_node(script, "livechart.js") == [[0, 0.2, 0.4], [0, 0.2, 0.4], [0, 0.5, 1]]
