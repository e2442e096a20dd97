using System.Collections.Generic;
using UnityEditor;
using UnityEngine;

namespace Marotte
{
    /// <summary>Fits a clip of `marotte animate -o voice.anim` to a face: the same curves, on the
    /// face's own meshes and names.</summary>
    public static class ClipFitter
    {
        const string Prefix = "blendShape.";

        /// <summary>Returns the fitted clip; `unmatched` gets the controls without a blend
        /// shape.</summary>
        public static AnimationClip Fit(
            AnimationClip clip, FaceMapper mapper, List<string> unmatched)
        {
            var fitted = new AnimationClip
            {
                name = clip.name + " " + mapper.name, frameRate = clip.frameRate,
            };
            var animator = mapper.GetComponentInParent<Animator>();
            Transform root = animator ? animator.transform : mapper.transform;
            foreach (EditorCurveBinding binding in AnimationUtility.GetCurveBindings(clip))
            {
                if (!binding.propertyName.StartsWith(Prefix)) continue;
                string control = binding.propertyName.Substring(Prefix.Length);
                AnimationCurve curve = AnimationUtility.GetEditorCurve(clip, binding);
                if (!Copy(curve, control, mapper, root, fitted)) unmatched.Add(control);
            }
            return fitted;
        }

        static bool Copy(AnimationCurve curve, string control, FaceMapper mapper, Transform root,
            AnimationClip fitted)
        {
            bool copied = false;
            foreach (SkinnedMeshRenderer face in mapper.Faces)
            {
                Mesh mesh = face.sharedMesh;
                string path = AnimationUtility.CalculateTransformPath(face.transform, root);
                float factor;
                foreach (int shape in mapper.Shapes(control, mesh, out factor))
                {
                    float full = mesh.GetBlendShapeFrameWeight(
                        shape, mesh.GetBlendShapeFrameCount(shape) - 1);
                    var target = EditorCurveBinding.FloatCurve(
                        path, typeof(SkinnedMeshRenderer), Prefix + mesh.GetBlendShapeName(shape));
                    AnimationUtility.SetEditorCurve(
                        fitted, target, Scaled(curve, factor * mapper.gain * full / 100));
                    copied = true;
                }
            }
            return copied;
        }

        static AnimationCurve Scaled(AnimationCurve curve, float factor)
        {
            Keyframe[] keys = curve.keys;
            for (int i = 0; i < keys.Length; i++)
            {
                keys[i].value *= factor;
                keys[i].inTangent *= factor;
                keys[i].outTangent *= factor;
            }
            return new AnimationCurve(keys);
        }
    }
}
