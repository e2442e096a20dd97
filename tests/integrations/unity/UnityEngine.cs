// Stand-ins for the parts of UnityEngine that the package uses: enough to compile and run it.
using System;
using System.Collections.Generic;

namespace UnityEngine
{
    public class Object
    {
        public string name = "";
        public static implicit operator bool(Object o) { return !ReferenceEquals(o, null); }
    }

    public class GameObject : Object
    {
        public readonly List<Component> components = new List<Component>();

        public GameObject(string name) { this.name = name; AddComponent<Transform>(); }

        public T AddComponent<T>() where T : Component, new()
        {
            var added = new T { gameObject = this };
            components.Add(added);
            return added;
        }
    }

    public class Component : Object
    {
        public GameObject gameObject;
        public new string name { get { return gameObject.name; } }
        public Transform transform { get { return GetComponent<Transform>(); } }

        public T GetComponent<T>() where T : Component
        {
            return (T)gameObject.components.Find(each => each is T);
        }

        public T GetComponentInParent<T>() where T : Component
        {
            var found = GetComponent<T>();
            return found || !transform.parent ? found : transform.parent.GetComponentInParent<T>();
        }

        public T[] GetComponentsInChildren<T>(bool includeInactive) where T : Component
        {
            var found = new List<T>();
            if (GetComponent<T>()) found.Add(GetComponent<T>());
            foreach (Transform child in transform.children)
            {
                found.AddRange(child.GetComponentsInChildren<T>(includeInactive));
            }
            return found.ToArray();
        }
    }

    public class Behaviour : Component { }
    public class MonoBehaviour : Behaviour { }
    public class Animator : Behaviour { }

    public class Transform : Component
    {
        public Transform parent;
        public readonly List<Transform> children = new List<Transform>();
        public Quaternion rotation = Quaternion.identity;

        public void SetParent(Transform parent)
        {
            this.parent = parent;
            parent.children.Add(this);
        }
    }

    public struct Quaternion
    {
        public float x, y, z, w;
        public static readonly Quaternion identity = new Quaternion(0, 0, 0, 1);

        public Quaternion(float x, float y, float z, float w)
        {
            this.x = x; this.y = y; this.z = z; this.w = w;
        }

        static Quaternion Axis(float degrees, int axis)
        {
            double half = degrees * Math.PI / 360;
            float sin = (float)Math.Sin(half);
            return new Quaternion(axis == 0 ? sin : 0, axis == 1 ? sin : 0, axis == 2 ? sin : 0,
                (float)Math.Cos(half));
        }

        public static Quaternion Euler(float x, float y, float z) // about z, then x, then y
        {
            return Axis(y, 1) * Axis(x, 0) * Axis(z, 2);
        }

        public static Quaternion Inverse(Quaternion q)
        {
            return new Quaternion(-q.x, -q.y, -q.z, q.w);
        }

        public static Quaternion operator *(Quaternion a, Quaternion b)
        {
            return new Quaternion(
                a.w * b.x + a.x * b.w + a.y * b.z - a.z * b.y,
                a.w * b.y + a.y * b.w + a.z * b.x - a.x * b.z,
                a.w * b.z + a.z * b.w + a.x * b.y - a.y * b.x,
                a.w * b.w - a.x * b.x - a.y * b.y - a.z * b.z);
        }
    }

    public class Mesh : Object
    {
        public readonly string[] shapes;
        public readonly float full;

        public Mesh(string[] shapes, float full) { this.shapes = shapes; this.full = full; }

        public int blendShapeCount { get { return shapes.Length; } }
        public string GetBlendShapeName(int shape) { return shapes[shape]; }
        public int GetBlendShapeFrameCount(int shape) { return 2; }
        public float GetBlendShapeFrameWeight(int shape, int frame) { return full * (frame + 1) / 2; }
    }

    public class SkinnedMeshRenderer : Component
    {
        public Mesh sharedMesh;
        public readonly Dictionary<int, float> weights = new Dictionary<int, float>();
        public void SetBlendShapeWeight(int shape, float weight) { weights[shape] = weight; }
    }

    public struct Keyframe
    {
        public float time, value, inTangent, outTangent;
    }

    public class AnimationCurve
    {
        readonly Keyframe[] all;
        public AnimationCurve(params Keyframe[] keys) { all = keys; }
        public Keyframe[] keys { get { return (Keyframe[])all.Clone(); } }
    }

    public class AnimationClip : Object
    {
        public float frameRate = 60;
        public readonly Dictionary<string, AnimationCurve> curves =
            new Dictionary<string, AnimationCurve>();
    }

    public static class Mathf { public const float Rad2Deg = 57.29578f; }
    public static class Application { public static bool isPlaying = true; }

    public static class Debug
    {
        public static void LogError(string text, Object about) { Console.WriteLine("error: " + text); }
        public static void LogWarning(string text, Object about) { Console.WriteLine("warning: " + text); }
    }

    public static class GUILayout
    {
        public static bool Button(string text) { return true; }
    }

    [AttributeUsage(AttributeTargets.Class)]
    public sealed class AddComponentMenu : Attribute { public AddComponentMenu(string menu) { } }

    [AttributeUsage(AttributeTargets.Class)]
    public sealed class DisallowMultipleComponent : Attribute { }

    [AttributeUsage(AttributeTargets.Field)]
    public sealed class TooltipAttribute : Attribute { public TooltipAttribute(string text) { } }

    [AttributeUsage(AttributeTargets.Field)]
    public sealed class RangeAttribute : Attribute { public RangeAttribute(float min, float max) { } }
}
