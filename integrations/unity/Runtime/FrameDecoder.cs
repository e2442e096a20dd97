using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using System.Text;

namespace Marotte
{
    /// <summary>Turns what arrives into frames; the first byte says what it is.
    ///
    /// - 6: a datagram of Live Link Face, from `marotte live -o livelink` or an iPhone;
    /// - '{': a frame as JSON, from `marotte live -o udp`;
    /// - 129 and 130: the names and the frames that `marotte live -o websocket` sends.
    ///
    /// Anything else, and anything that is cut off, gives no frame.</summary>
    public sealed class FrameDecoder
    {
        const byte LiveLinkVersion = 6, Hello = 129, Binary = 130;
        const int LiveLinkValues = 61, LongestText = 1024, BinaryHeader = 36;

        /// <summary>ARKit's names in the order of Live Link's datagrams.</summary>
        public static readonly string[] ArkitNames = {
            "eyeBlinkLeft", "eyeLookDownLeft", "eyeLookInLeft", "eyeLookOutLeft", "eyeLookUpLeft",
            "eyeSquintLeft", "eyeWideLeft", "eyeBlinkRight", "eyeLookDownRight", "eyeLookInRight",
            "eyeLookOutRight", "eyeLookUpRight", "eyeSquintRight", "eyeWideRight", "jawForward",
            "jawLeft", "jawRight", "jawOpen", "mouthClose", "mouthFunnel", "mouthPucker",
            "mouthLeft", "mouthRight", "mouthSmileLeft", "mouthSmileRight", "mouthFrownLeft",
            "mouthFrownRight", "mouthDimpleLeft", "mouthDimpleRight", "mouthStretchLeft",
            "mouthStretchRight", "mouthRollLower", "mouthRollUpper", "mouthShrugLower",
            "mouthShrugUpper", "mouthPressLeft", "mouthPressRight", "mouthLowerDownLeft",
            "mouthLowerDownRight", "mouthUpperUpLeft", "mouthUpperUpRight", "browDownLeft",
            "browDownRight", "browInnerUp", "browOuterUpLeft", "browOuterUpRight", "cheekPuff",
            "cheekSquintLeft", "cheekSquintRight", "noseSneerLeft", "noseSneerRight", "tongueOut",
        };

        string[] names = new string[0];

        /// <summary>Returns the frame in the first bytes of a message, or null.</summary>
        public FaceFrame Decode(byte[] message, int count)
        {
            if (count == 0) return null;
            try
            {
                FaceFrame frame = Read(message, count);
                return frame != null && IsFinite(frame) ? frame : null;
            }
            catch (Exception error) when (
                error is FormatException || error is InvalidCastException
                || error is KeyNotFoundException || error is IndexOutOfRangeException
                || error is ArgumentException)
            {
                return null; // another program's message, or a part of one
            }
        }

        FaceFrame Read(byte[] message, int count)
        {
            switch (message[0])
            {
                case LiveLinkVersion: return ReadLiveLink(new Bytes(message, 1, count, true));
                case (byte)'{': return ReadJson(Encoding.UTF8.GetString(message, 0, count));
                case Hello: ReadHello(Encoding.UTF8.GetString(message, 1, count - 1)); return null;
                case Binary: return ReadBinary(new Bytes(message, 0, count, false));
                default: return null;
            }
        }

        static FaceFrame ReadLiveLink(Bytes bytes)
        {
            bytes.SkipText(LongestText); // the device
            bytes.SkipText(LongestText); // the subject
            double frame = bytes.Int() + bytes.Float();
            double rate = (double)bytes.Int() / bytes.Int();
            if (bytes.Byte() != LiveLinkValues) return null;
            var values = new float[ArkitNames.Length];
            for (int i = 0; i < values.Length; i++) values[i] = bytes.Float();
            float yaw = bytes.Float(), pitch = bytes.Float(), roll = bytes.Float();
            return new FaceFrame(ArkitNames, values, yaw, pitch, roll, frame / rate);
        }

        FaceFrame ReadJson(string text)
        {
            Dictionary<string, object> fields = Fields(Json.Parse(text));
            Dictionary<string, object> controls = Fields(fields["controls"]);
            var values = new float[controls.Count];
            var keys = new string[controls.Count];
            int i = 0;
            foreach (KeyValuePair<string, object> control in controls)
            {
                keys[i] = control.Key;
                values[i++] = (float)Number(control.Value);
            }
            SetNames(keys);
            object head, seconds;
            List<object> angles = fields.TryGetValue("head", out head)
                ? head as List<object> : new List<object> { 0.0, 0.0, 0.0 };
            if (angles == null || angles.Count != 3) throw new FormatException("not three angles");
            if (!fields.TryGetValue("time_s", out seconds)) seconds = 0.0;
            return new FaceFrame(names, values, (float)Number(angles[0]), (float)Number(angles[1]),
                (float)Number(angles[2]), Number(seconds));
        }

        static Dictionary<string, object> Fields(object value)
        {
            var fields = value as Dictionary<string, object>;
            if (fields == null) throw new FormatException("not an object: " + value);
            return fields;
        }

        static double Number(object value)
        {
            if (value is double) return (double)value;
            throw new FormatException("not a number: " + value);
        }

        void ReadHello(string text)
        {
            Dictionary<string, object> fields = Fields(Json.Parse(text));
            var found = fields["controls"] as List<object>;
            if (found == null) throw new FormatException("controls are not a list");
            SetNames(found.ConvertAll(name => name as string ?? "").ToArray());
        }

        FaceFrame ReadBinary(Bytes bytes)
        {
            bytes.Short();
            int n = bytes.Short();
            if (n != names.Length || bytes.Length != BinaryHeader + 4 * n) return null;
            bytes.Int();
            double seconds = bytes.Double();
            bytes.Float();
            bytes.Float();
            float yaw = bytes.Float(), pitch = bytes.Float(), roll = bytes.Float();
            var values = new float[n];
            for (int i = 0; i < n; i++) values[i] = bytes.Float();
            return new FaceFrame(names, values, yaw, pitch, roll, seconds);
        }

        void SetNames(string[] found)
        {
            if (found.Length == names.Length)
            {
                int same = 0;
                while (same < found.Length && found[same] == names[same]) same++;
                if (same == found.Length) return;
            }
            names = found;
        }

        static bool IsFinite(FaceFrame frame)
        {
            double sum = frame.Yaw + frame.Pitch + frame.Roll + frame.Seconds;
            foreach (float value in frame.Values) sum += value;
            return !double.IsNaN(sum) && !double.IsInfinity(sum);
        }

        /// <summary>Reads numbers in either byte order.</summary>
        sealed class Bytes
        {
            [StructLayout(LayoutKind.Explicit)]
            struct FloatBits
            {
                [FieldOffset(0)] public uint Bits;
                [FieldOffset(0)] public float Value;
            }

            public readonly int Length;
            readonly byte[] bytes;
            readonly bool bigEndian;
            int at;

            public Bytes(byte[] bytes, int start, int length, bool bigEndian)
            {
                this.bytes = bytes;
                this.bigEndian = bigEndian;
                at = start;
                Length = length;
            }

            public byte Byte() { return (byte)Unsigned(1); }

            public int Short() { return (int)Unsigned(2); }

            public int Int() { return (int)(uint)Unsigned(4); }

            public float Float() { return new FloatBits { Bits = (uint)Unsigned(4) }.Value; }

            public double Double() { return BitConverter.Int64BitsToDouble((long)Unsigned(8)); }

            public void SkipText(int longest)
            {
                int n = Int();
                if (n < 0 || n > longest) throw new FormatException("text of " + n + " bytes");
                at += n;
            }

            ulong Unsigned(int size)
            {
                if (at + size > Length) throw new FormatException("the message is cut off");
                ulong value = 0;
                for (int i = 0; i < size; i++)
                {
                    value = value << 8 | bytes[bigEndian ? at + i : at + size - 1 - i];
                }
                at += size;
                return value;
            }
        }
    }
}
