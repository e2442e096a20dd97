using System;
using System.Net.Sockets;
using UnityEngine;

namespace Marotte
{
    /// <summary>Receives frames from `marotte live` and keeps the newest one.</summary>
    [AddComponentMenu("Marotte/Face Receiver")]
    [DisallowMultipleComponent]
    public sealed class FaceReceiver : MonoBehaviour
    {
        public enum Source
        {
            Udp,
            WebSocket,
        }

        [Tooltip("UDP: marotte live -o livelink, or an iPhone with Live Link Face. WebSocket: "
            + "marotte live -o websocket.")]
        public Source source = Source.Udp;

        [Tooltip("The UDP port. 11111 is Live Link's.")]
        [Range(1, 65535)] public int port = 11111;

        [Tooltip("Also take datagrams from other machines, such as a phone.")]
        public bool otherMachines;

        [Tooltip("The WebSocket's address.")]
        public string address = "ws://127.0.0.1:5252/socket";

        readonly object gate = new object();
        FrameDecoder decoder;
        MessageSource messages;
        FaceFrame newest;
        int received;
        string problem = "";

        /// <summary>The newest frame, or null before the first.</summary>
        public FaceFrame Newest { get { lock (gate) return newest; } }

        /// <summary>How many frames have arrived since the component was enabled.</summary>
        public int FramesReceived { get { lock (gate) return received; } }

        /// <summary>Why nothing can arrive, as a sentence; "" if nothing is wrong.</summary>
        public string Problem { get { lock (gate) return problem; } }

        void OnEnable()
        {
            decoder = new FrameDecoder();
            lock (gate)
            {
                newest = null;
                received = 0;
                problem = "";
            }
            try
            {
                messages = source == Source.Udp
                    ? new UdpSource(port, otherMachines, Take, Report)
                    : (MessageSource)new WebSocketSource(address, Take, Report);
            }
            catch (SocketException error)
            {
                Fail("UDP port " + port + " can't be opened (" + error.Message
                    + "): close the other program that listens there, or choose another port.");
            }
            catch (UriFormatException error)
            {
                Fail("'" + address + "' is not an address (" + error.Message
                    + "): write ws://127.0.0.1:5252/socket.");
            }
        }

        void OnDisable()
        {
            messages?.Dispose();
            messages = null;
        }

        void Fail(string sentence)
        {
            Report(sentence);
            Debug.LogError("Marotte: " + sentence, this);
        }

        void Take(byte[] message, int count)
        {
            FaceFrame frame = decoder.Decode(message, count);
            if (frame == null) return;
            lock (gate)
            {
                newest = frame;
                received++;
            }
        }

        void Report(string sentence) { lock (gate) problem = sentence; }
    }
}
