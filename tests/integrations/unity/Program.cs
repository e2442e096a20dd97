// Runs the package outside Unity: Program.exe names FILE | udp PORT | websocket ADDRESS | clip
using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Threading;
using Marotte;
using UnityEditor;
using UnityEngine;

static class Program
{
    const int TimeoutMilliseconds = 30000;

    static int Main(string[] arguments)
    {
        // A comma as decimal point, as on many machines of users, must change nothing.
        Thread.CurrentThread.CurrentCulture = new CultureInfo("de-DE");
        CultureInfo.DefaultThreadCurrentCulture = new CultureInfo("de-DE");
        switch (arguments[0])
        {
            case "names": return Names(arguments[1]);
            case "clip": return Clip();
            default: return Receive(arguments[0], arguments[1]);
        }
    }

    /// <summary>Each line: a control, "|", shapes with commas. Prints the shapes that it moves.</summary>
    static int Names(string path)
    {
        foreach (string line in File.ReadAllLines(path))
        {
            string[] parts = line.Split('|');
            string[] shapes = parts[1].Split(',');
            Console.WriteLine(string.Join(",", ShapeNames.Find(parts[0], shapes).Select(i => shapes[i])));
        }
        return 0;
    }

    static void Call(object component, string method)
    {
        component.GetType().GetMethod(method, BindingFlags.Instance | BindingFlags.NonPublic)
            .Invoke(component, null);
    }

    static FaceMapper Character(out SkinnedMeshRenderer face, float full)
    {
        var character = new GameObject("Eve");
        character.AddComponent<Animator>();
        var body = new GameObject("Body");
        face = body.AddComponent<SkinnedMeshRenderer>();
        face.sharedMesh = new Mesh(new[] { "Eve.M_JawOpen", "eyeBlink_L", "other", "pout" }, full);
        face.transform.SetParent(character.GetComponentTransform());
        var mapper = character.AddComponent<FaceMapper>();
        mapper.head = new GameObject("Head").GetComponentTransform();
        mapper.table = new[] {
            new FaceMapper.Row { control = "mouthPucker", blendShape = "pout", gain = 0.5f },
        };
        return mapper;
    }

    static Transform GetComponentTransform(this GameObject o) { return (Transform)o.components[0]; }

    static int Receive(string source, string where)
    {
        SkinnedMeshRenderer face;
        FaceMapper mapper = Character(out face, 100);
        var receiver = mapper.gameObject.AddComponent<FaceReceiver>();
        if (source == "udp") receiver.port = int.Parse(where);
        else { receiver.source = FaceReceiver.Source.WebSocket; receiver.address = where; }
        Call(receiver, "OnEnable");
        Call(mapper, "OnEnable");
        Console.WriteLine("ready");
        Console.Out.Flush();
        for (int waited = 0; receiver.FramesReceived == 0 && waited < TimeoutMilliseconds; waited += 5)
        {
            Thread.Sleep(5);
        }
        Thread.Sleep(200); // frames that came together
        Call(mapper, "LateUpdate");
        for (int i = 0; i < face.sharedMesh.shapes.Length; i++)
        {
            float weight;
            bool moved = face.weights.TryGetValue(i, out weight);
            Console.WriteLine(face.sharedMesh.shapes[i] + " "
                + (moved ? weight.ToString("r", CultureInfo.InvariantCulture) : "-"));
        }
        Quaternion turned = mapper.head.rotation;
        Console.WriteLine(string.Format(
            CultureInfo.InvariantCulture, "head {0} {1} {2} {3}", turned.x, turned.y, turned.z, turned.w));
        Console.WriteLine("frames " + receiver.FramesReceived);
        var editor = new FaceMapperEditor { target = mapper };
        editor.OnInspectorGUI();
        Call(receiver, "OnDisable");
        Console.WriteLine("unmatched " + mapper.Unmatched.Count);
        return 0;
    }

    static int Clip()
    {
        SkinnedMeshRenderer face;
        FaceMapper mapper = Character(out face, 1);
        var clip = new AnimationClip { name = "speech", frameRate = 30 };
        foreach (string control in new[] { "jawOpen", "mouthPucker", "tongueOut" })
        {
            clip.curves["head|blendShape." + control] = new AnimationCurve(
                new Keyframe { time = 0.5f, value = 50, outTangent = 20 });
        }
        EditorGUILayout.picked = clip;
        new FaceMapperEditor { target = mapper }.OnInspectorGUI();
        foreach (KeyValuePair<string, AnimationCurve> curve in AssetDatabase.created.curves)
        {
            Keyframe key = curve.Value.keys[0];
            Console.WriteLine(string.Format(CultureInfo.InvariantCulture, "{0} {1:0.###} {2:0.###} {3:0.###}",
                curve.Key, key.time, key.value, key.outTangent));
        }
        return 0;
    }
}
