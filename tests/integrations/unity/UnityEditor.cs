// Stand-ins for the parts of UnityEditor that the package uses.
using System;
using System.Collections.Generic;
using UnityEngine;

namespace UnityEditor
{
    public class Editor : UnityEngine.Object
    {
        public UnityEngine.Object target;
        public virtual void OnInspectorGUI() { }
        public virtual bool RequiresConstantRepaint() { return false; }
        protected bool DrawDefaultInspector() { return true; }
    }

    [AttributeUsage(AttributeTargets.Class)]
    public sealed class CustomEditor : Attribute { public CustomEditor(Type type) { } }

    public enum MessageType { None, Info, Warning, Error }

    public static class EditorGUILayout
    {
        public static AnimationClip picked;
        public static void Space() { }
        public static void LabelField(string label, string text) { Console.WriteLine(label + ": " + text); }
        public static void HelpBox(string text, MessageType type) { Console.WriteLine(type + ": " + text); }

        public static UnityEngine.Object ObjectField(
            string label, UnityEngine.Object current, Type type, bool allowSceneObjects)
        {
            return picked;
        }
    }

    public static class EditorGUIUtility { public static void PingObject(UnityEngine.Object o) { } }

    public struct EditorCurveBinding
    {
        public string path, propertyName;
        public Type type;

        public static EditorCurveBinding FloatCurve(string path, Type type, string propertyName)
        {
            return new EditorCurveBinding { path = path, type = type, propertyName = propertyName };
        }
    }

    public static class AnimationUtility
    {
        public static EditorCurveBinding[] GetCurveBindings(AnimationClip clip)
        {
            var found = new List<EditorCurveBinding>();
            foreach (string name in clip.curves.Keys)
            {
                string[] parts = name.Split('|');
                found.Add(EditorCurveBinding.FloatCurve(
                    parts[0], typeof(SkinnedMeshRenderer), parts[1]));
            }
            return found.ToArray();
        }

        public static AnimationCurve GetEditorCurve(AnimationClip clip, EditorCurveBinding binding)
        {
            return clip.curves[binding.path + "|" + binding.propertyName];
        }

        public static void SetEditorCurve(
            AnimationClip clip, EditorCurveBinding binding, AnimationCurve curve)
        {
            clip.curves[binding.path + "|" + binding.propertyName] = curve;
        }

        public static string CalculateTransformPath(Transform target, Transform root)
        {
            if (ReferenceEquals(target, root)) return "";
            string above = CalculateTransformPath(target.parent, root);
            return above == "" ? target.name : above + "/" + target.name;
        }
    }

    public static class AssetDatabase
    {
        public static AnimationClip created;
        public static string GetAssetPath(UnityEngine.Object asset) { return "Assets/hello.anim"; }
        public static string GenerateUniqueAssetPath(string path) { return path; }

        public static void CreateAsset(UnityEngine.Object asset, string path)
        {
            created = (AnimationClip)asset;
            Console.WriteLine("created " + path);
        }
    }
}
