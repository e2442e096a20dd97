using System;
using System.Collections.Generic;
using UnityEngine;

namespace Marotte
{
    /// <summary>Moves blend shapes, and a head if there is one, by the frames of a receiver.</summary>
    [AddComponentMenu("Marotte/Face Mapper")]
    public sealed class FaceMapper : MonoBehaviour
    {
        /// <summary>One row of the user's table: a control, and the blend shape that it moves.</summary>
        [Serializable]
        public sealed class Row
        {
            public string control = "";
            [Tooltip("Empty: this control moves nothing.")] public string blendShape = "";
            public float gain = 1;
        }

        [Tooltip("Where frames come from; empty: the receiver on this object.")]
        public FaceReceiver receiver;

        [Tooltip("The meshes with blend shapes; empty: all below this object.")]
        public SkinnedMeshRenderer[] faces = new SkinnedMeshRenderer[0];

        [Tooltip("The head's bone; empty: the head does not turn.")]
        public Transform head;

        [Tooltip("A factor of all controls.")]
        [Range(0, 2)] public float gain = 1;

        [Tooltip("For blend shapes whose names do not say what they are.")]
        public Row[] table = new Row[0];

        struct Connection
        {
            public int Control, Shape;
            public SkinnedMeshRenderer Face;
            public float Factor;
        }

        readonly List<Connection> connections = new List<Connection>();
        string[] connected;
        Quaternion headAtRest;

        /// <summary>Controls of the last frame that move no blend shape.</summary>
        public readonly List<string> Unmatched = new List<string>();

        /// <summary>The meshes that this component moves.</summary>
        public SkinnedMeshRenderer[] Faces
        {
            get
            {
                return faces.Length > 0 ? faces : Array.FindAll(
                    GetComponentsInChildren<SkinnedMeshRenderer>(true),
                    face => face.sharedMesh && face.sharedMesh.blendShapeCount > 0);
            }
        }

        void OnEnable()
        {
            connected = null;
            if (!receiver) receiver = GetComponent<FaceReceiver>();
            if (head) headAtRest = Quaternion.Inverse(transform.rotation) * head.rotation;
        }

        /// <summary>Runs after the Animator, so that speech wins over what it does to the mouth.</summary>
        void LateUpdate()
        {
            FaceFrame frame = receiver ? receiver.Newest : null;
            if (frame != null) Show(frame);
        }

        /// <summary>Shows a frame.</summary>
        public void Show(FaceFrame frame)
        {
            if (frame.Names != connected) Connect(frame.Names);
            foreach (Connection each in connections)
            {
                float weight = frame.Values[each.Control] * gain * each.Factor;
                each.Face.SetBlendShapeWeight(each.Shape, weight);
            }
            if (!head) return;
            // Unity's axes are left-handed: turning left and tilting right are negative.
            Quaternion turn = Quaternion.Euler(frame.Pitch * Mathf.Rad2Deg,
                -frame.Yaw * Mathf.Rad2Deg, -frame.Roll * Mathf.Rad2Deg);
            head.rotation = transform.rotation * turn * headAtRest;
        }

        /// <summary>Looks all names up again, after faces or the table have changed.</summary>
        public void Connect(string[] controls)
        {
            connections.Clear();
            Unmatched.Clear();
            SkinnedMeshRenderer[] all = Faces;
            for (int i = 0; i < controls.Length; i++)
            {
                int before = connections.Count;
                foreach (SkinnedMeshRenderer face in all) Connect(i, controls[i], face);
                if (connections.Count == before) Unmatched.Add(controls[i]);
            }
            connected = controls;
        }

        void Connect(int control, string name, SkinnedMeshRenderer face)
        {
            Mesh mesh = face.sharedMesh;
            float factor;
            foreach (int shape in Shapes(name, mesh, out factor))
            {
                // A model's own unit: 100 is usual, but importers of glTF may use 1.
                float full = mesh.GetBlendShapeFrameWeight(
                    shape, mesh.GetBlendShapeFrameCount(shape) - 1);
                connections.Add(new Connection
                {
                    Control = control, Shape = shape, Face = face, Factor = full * factor,
                });
            }
        }

        /// <summary>Returns the indices of the blend shapes that a control moves on a mesh.</summary>
        public List<int> Shapes(string control, Mesh mesh, out float factor)
        {
            factor = 1;
            var names = new List<string>();
            for (int i = 0; i < mesh.blendShapeCount; i++) names.Add(mesh.GetBlendShapeName(i));
            Row row = Array.Find(table, each => each.control == control);
            if (row == null) return ShapeNames.Find(control, names);
            factor = row.gain;
            int index = names.IndexOf(row.blendShape);
            return index < 0 ? new List<int>() : new List<int> { index };
        }
    }
}
