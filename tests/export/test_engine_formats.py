"""Files for Unity, Godot and USD are read back and compared with the animation."""

import json
import re
from dataclasses import replace
from pathlib import Path
from zlib import crc32

import numpy as np
import pytest

from marotte.errors import MarotteError
from marotte.export.keys import needed_keys
from marotte.face.animation import Animation, writer_for
from marotte.face.loading import load_head
from marotte.face.rig import ARKIT_52, Rig
from marotte.face.scene import Scene

FPS = 30.0


def make_animation(rig: Rig = ARKIT_52, n_frames: int = 40) -> Animation:
    """Half of the controls stand still for a while, so that keys are left out."""
    controls = np.random.default_rng(5).random((n_frames, len(rig.names))).astype(np.float32)
    controls[5:30, ::2] = controls[5:6, ::2]
    return Animation(controls, FPS, rig, student="test")


def write(animation: Animation, path: Path) -> str:
    writer_for(path)(animation, path)
    return path.read_text(encoding="utf-8")


def interpolated(times: list[float], values: list[float], n_frames: int) -> np.ndarray:
    return np.interp(np.arange(n_frames) / FPS, times, values)


def test_only_needed_keys_are_kept():
    assert needed_keys(np.array([0.5])).tolist() == [0]
    assert needed_keys(np.zeros(0)).tolist() == []
    assert needed_keys(np.array([1.0, 1, 1, 2, 3, 3])).tolist() == [0, 2, 3, 4, 5]


class TestUnity:
    def test_curves_give_the_controls_in_percent(self, tmp_path: Path):
        animation = make_animation()
        text = write(animation, tmp_path / "a.anim")
        runtime, editor = text.split("m_EditorCurves:")
        curves = re.split(r"  - curve:\n", runtime)[1:]
        assert len(curves) == 52
        assert editor.count("  - curve:\n") == 52
        for name, curve in zip(animation.names, curves, strict=True):
            assert f"attribute: blendShape.{name}\n    path: head\n    classID: 137\n" in curve
            times, values, after = (
                [float(x) for x in re.findall(rf"        {key}: (\S+)\n", curve)]
                for key in ("time", "value", "outSlope")
            )
            got = interpolated(times, values, animation.n_frames)
            assert got == pytest.approx(100 * animation[name], abs=1e-3)
            slopes = np.append(np.diff(values) / np.diff(times), 0)
            assert after == pytest.approx(slopes.tolist(), rel=1e-4, abs=1e-3)

    def test_bindings_are_crc32_of_the_names(self, tmp_path: Path):
        scene = Scene(mesh="Body/Face mesh")
        text = write(replace(make_animation(), scene=scene), tmp_path / "a.anim")
        assert f"      path: {crc32(b'Body/Face mesh')}\n" in text
        assert f"      attribute: {crc32(b'jawOpen')}\n" in text
        assert '    path: "Body/Face mesh"\n' in text

    def test_other_names_are_quoted_in_ascii(self, tmp_path: Path):
        rig = Rig("lips", ("öffnen", "a: b"), (0.0, 0.0), (1.0, 1.0), ())
        text = write(make_animation(rig), tmp_path / "a.anim")
        assert text.isascii()
        assert '    attribute: "blendShape.\\u00f6ffnen"\n' in text
        assert '    attribute: "blendShape.a: b"\n' in text


class TestGodot:
    def test_tracks_give_the_controls(self, tmp_path: Path):
        animation = make_animation()
        text = write(replace(animation, scene=Scene("Rig/Face")), tmp_path / "a.tres")
        assert f"length = {39 / FPS:.9g}\n" in text
        for track, name in enumerate(animation.names):
            assert f'tracks/{track}/path = NodePath("Rig/Face:{name}")\n' in text
            found = re.search(rf"tracks/{track}/keys = PackedFloat32Array\((.*)\)\n", text)
            assert found is not None
            times, linear, values = np.array(found[1].split(", "), float).reshape(-1, 3).T
            assert (linear == 1).all()
            got = interpolated(times, values, animation.n_frames)
            assert got == pytest.approx(animation[name], abs=1e-6)


class TestUsd:
    def weights(self, text: str) -> np.ndarray:
        rows = re.findall(r"^ +(\d+): (\[.*\]),$", text, re.MULTILINE)
        assert [int(frame) for frame, _ in rows] == list(range(len(rows)))
        return np.array([json.loads(row) for _, row in rows])

    def test_weights_of_all_frames(self, tmp_path: Path):
        animation = make_animation()
        text = write(animation, tmp_path / "a.usda")
        assert self.weights(text) == pytest.approx(animation.controls, abs=1e-6)
        assert "timeCodesPerSecond = 30\n" in text
        assert "endTimeCode = 39\n" in text

    def test_the_mesh_is_the_head_in_centimetres(self, tmp_path: Path):
        head = load_head()
        text = write(make_animation(n_frames=1), tmp_path / "a.usda")
        shape = text[text.index('def BlendShape "jawOpen"') :]
        offsets, indices = (
            json.loads(found.replace("(", "[").replace(")", "]"))
            for found in re.findall(r" = (\[.*\])\n", shape)[:2]
        )
        delta = head.deltas[head.names.index("jawOpen")]
        assert np.array(offsets) * 10 == pytest.approx(delta[indices], abs=1e-3)
        assert np.abs(np.delete(delta, indices, 0)).max() < 1e-3

    def test_weights_alone_for_any_rig(self, tmp_path: Path):
        rig = Rig("lips", ("open", "wide"), (0.0, 0.0), (1.0, 1.0), ())
        animation = make_animation(rig)
        with pytest.raises(MarotteError, match=r"none of the head's controls.*--weights-only"):
            write(animation, tmp_path / "a.usda")
        assert not list(tmp_path.iterdir())
        text = write(replace(animation, scene=Scene(weights_only=True)), tmp_path / "a.usda")
        assert 'defaultPrim = "speech"' in text
        assert "Mesh" not in text
        assert self.weights(text) == pytest.approx(animation.controls, abs=1e-6)

    def test_pixars_own_library_reads_it(self, tmp_path: Path):
        pxr = pytest.importorskip("pxr.UsdSkel", reason="needs usd-core")
        from pxr import Usd  # pyright: ignore[reportMissingImports]

        animation = make_animation()
        write(animation, tmp_path / "a.usda")
        stage = Usd.Stage.Open(str(tmp_path / "a.usda"))
        cache = pxr.Cache()
        cache.Populate(pxr.Root(stage.GetDefaultPrim()), Usd.PrimDefaultPredicate)
        skeleton = pxr.Skeleton(stage.GetPrimAtPath("/face/skeleton"))
        weights = cache.GetSkelQuery(skeleton).GetAnimQuery().ComputeBlendShapeWeights(7)
        assert list(weights) == pytest.approx(animation.controls[7].tolist(), abs=1e-6)
        skinning = cache.GetSkinningQuery(stage.GetPrimAtPath("/face/head"))
        assert list(skinning.GetBlendShapeOrder()) == list(load_head().names)
