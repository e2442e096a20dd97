"""VRM animations, read back by the rules of VRMC_vrm_animation."""

import json
import struct
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from marotte.errors import MarotteError
from marotte.export.naming import VRM, in_naming
from marotte.face.animation import Animation
from marotte.face.rig import ARKIT_52, Rig
from marotte.face.scene import Scene

FPS = 30.0


def speech(n_frames: int = 20, head: bool = True) -> Animation:
    random = np.random.default_rng(2)
    angles = random.normal(size=(n_frames, 3)).astype(np.float32) / 10 if head else None
    return Animation(
        random.random((n_frames, 52)).astype(np.float32) / 3, FPS, ARKIT_52, head=angles
    )


def saved(animation: Animation, folder: Path) -> tuple[dict[str, Any], bytes]:
    animation.save(folder / "a.vrma")
    content = (folder / "a.vrma").read_bytes()
    (size,) = struct.unpack_from("<I", content, 12)
    return json.loads(content[20 : 20 + size]), content[28 + size :]


def values(document: dict[str, Any], binary: bytes, accessor: int) -> np.ndarray:
    described = document["accessors"][accessor]
    view = document["bufferViews"][described["bufferView"]]
    width = {"SCALAR": 1, "VEC3": 3, "VEC4": 4}[described["type"]]
    flat = np.frombuffer(binary, "<f4", described["count"] * width, view["byteOffset"])
    return flat.reshape(-1, width)


def weights(document: dict[str, Any], binary: bytes, node: int) -> np.ndarray:
    [animation] = document["animations"]
    [channel] = [c for c in animation["channels"] if c["target"]["node"] == node]
    assert channel["target"]["path"] == "translation"
    return values(document, binary, animation["samplers"][channel["sampler"]]["output"])[:, 0]


def test_presets_by_default(tmp_path: Path):
    animation = speech()
    document, binary = saved(animation, tmp_path)
    extension = document["extensions"]["VRMC_vrm_animation"]
    assert extension["specVersion"] == "1.0"
    assert tuple(extension["expressions"]["preset"]) == VRM
    assert not extension["expressions"]["custom"]
    vowels = in_naming(animation, "vrm")
    for name, node in extension["expressions"]["preset"].items():
        np.testing.assert_array_equal(weights(document, binary, node["node"]), vowels[name])


def test_perfect_sync_has_all_of_arkits_names(tmp_path: Path):
    animation = replace(speech(), scene=Scene(perfect_sync=True))
    document, binary = saved(animation, tmp_path)
    expressions = document["extensions"]["VRMC_vrm_animation"]["expressions"]
    assert not expressions["preset"]
    assert tuple(expressions["custom"]) == ARKIT_52.names
    node = expressions["custom"]["jawOpen"]["node"]
    assert document["nodes"][node]["name"] == "jawOpen"
    np.testing.assert_array_equal(weights(document, binary, node), animation["jawOpen"])


def test_the_head_turns_a_humanoid_bone(tmp_path: Path):
    document, binary = saved(speech(), tmp_path)
    bones = document["extensions"]["VRMC_vrm_animation"]["humanoid"]["humanBones"]
    hips, head = bones["hips"]["node"], bones["head"]["node"]
    assert document["nodes"][hips]["translation"][1] > 0  # three-vrm asks for it
    [animation] = document["animations"]
    [channel] = [c for c in animation["channels"] if c["target"]["path"] == "rotation"]
    assert channel["target"]["node"] == head
    turned = values(document, binary, animation["samplers"][channel["sampler"]]["output"])
    np.testing.assert_allclose(np.linalg.norm(turned, axis=1), 1, atol=1e-6)
    still, _ = saved(speech(head=False), tmp_path)
    assert all(c["target"]["path"] != "rotation" for c in still["animations"][0]["channels"])


def test_a_rig_without_a_mouth_needs_perfect_sync(tmp_path: Path):
    rig = Rig("snout", ("snout",), (0.0,), (1.0,), ())
    with pytest.raises(MarotteError, match="no control jawOpen"):
        Animation(rig.neutral(1), FPS, rig).save(tmp_path / "a.vrma")
    assert not list(tmp_path.iterdir())
