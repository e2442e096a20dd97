using System.Collections.Generic;
using UnityEditor;
using UnityEngine;

namespace Marotte
{
    /// <summary>Shows which controls move the face, what arrives, and fits clips to the face.</summary>
    [CustomEditor(typeof(FaceMapper))]
    public sealed class FaceMapperEditor : Editor
    {
        AnimationClip clip;
        string matches;
        MessageType kind;

        public override void OnInspectorGUI()
        {
            var mapper = (FaceMapper)target;
            // Names are looked up when something changes, not at each drawing.
            if (DrawDefaultInspector() || matches == null) Match(mapper);
            EditorGUILayout.Space();
            EditorGUILayout.HelpBox(matches, kind);
            if (Application.isPlaying) ShowReceiver(mapper.receiver);
            ShowClip(mapper);
        }

        /// <summary>In play mode the numbers change all the time.</summary>
        public override bool RequiresConstantRepaint() { return Application.isPlaying; }

        void Match(FaceMapper mapper)
        {
            kind = MessageType.Warning;
            SkinnedMeshRenderer[] faces = mapper.Faces;
            if (faces.Length == 0)
            {
                matches = "No mesh with blend shapes below this object: add this component to a "
                    + "character whose face has blend shapes.";
                return;
            }
            var missing = new List<string>();
            foreach (string control in FrameDecoder.ArkitNames)
            {
                float factor;
                bool found = System.Array.Exists(
                    faces, face => mapper.Shapes(control, face.sharedMesh, out factor).Count > 0);
                if (!found) missing.Add(control);
            }
            int all = FrameDecoder.ArkitNames.Length;
            matches = (all - missing.Count) + " of ARKit's " + all + " controls move this face.";
            if (missing.Count > 0) matches += " Without a blend shape: " + string.Join(", ", missing);
            if (missing.Count < all) kind = MessageType.Info;
        }

        static void ShowReceiver(FaceReceiver receiver)
        {
            if (!receiver)
            {
                EditorGUILayout.HelpBox("There is no receiver: add a Face Receiver to this object.",
                    MessageType.Warning);
                return;
            }
            if (receiver.Problem != "")
            {
                EditorGUILayout.HelpBox(receiver.Problem, MessageType.Warning);
            }
            EditorGUILayout.LabelField("Frames received", receiver.FramesReceived.ToString());
        }

        void ShowClip(FaceMapper mapper)
        {
            EditorGUILayout.Space();
            clip = (AnimationClip)EditorGUILayout.ObjectField(
                "Clip", clip, typeof(AnimationClip), false);
            if (!clip || !GUILayout.Button("Fit to this face")) return;
            var unmatched = new List<string>();
            AnimationClip fitted = ClipFitter.Fit(clip, mapper, unmatched);
            string folder = System.IO.Path.GetDirectoryName(AssetDatabase.GetAssetPath(clip));
            string path = AssetDatabase.GenerateUniqueAssetPath(folder + "/" + fitted.name + ".anim");
            AssetDatabase.CreateAsset(fitted, path);
            EditorGUIUtility.PingObject(fitted);
            if (unmatched.Count > 0)
            {
                Debug.LogWarning("Marotte: no blend shape for " + string.Join(", ", unmatched), mapper);
            }
        }
    }
}
