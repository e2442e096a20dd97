namespace Marotte
{
    /// <summary>The face at one moment. Frames never change, so threads may share them.</summary>
    public sealed class FaceFrame
    {
        /// <summary>The controls' names. Frames with the same names share one array.</summary>
        public readonly string[] Names;

        /// <summary>One value per name; 0 is rest, 1 the whole movement.</summary>
        public readonly float[] Values;

        /// <summary>The head's rotation in radians: to the face's left, downwards, to its right
        /// shoulder.</summary>
        public readonly float Yaw, Pitch, Roll;

        /// <summary>The moment in seconds: since the start of the sound, or since midnight
        /// (Live Link).</summary>
        public readonly double Seconds;

        public FaceFrame(
            string[] names, float[] values, float yaw, float pitch, float roll, double seconds)
        {
            Names = names;
            Values = values;
            Yaw = yaw;
            Pitch = pitch;
            Roll = roll;
            Seconds = seconds;
        }
    }
}
