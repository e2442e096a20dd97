using System;
using System.IO;
using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Threading;
using System.Threading.Tasks;

namespace Marotte
{
    /// <summary>Calls a function with each message that arrives, in a thread of its own, until it
    /// is disposed.</summary>
    internal abstract class MessageSource : IDisposable
    {
        protected const int LongestMessage = 1 << 16;
        const int StopMilliseconds = 2000;

        protected readonly CancellationTokenSource Stopped = new CancellationTokenSource();
        protected readonly Action<byte[], int> Received;
        protected readonly Action<string> Report;
        Thread thread;

        protected MessageSource(Action<byte[], int> received, Action<string> report)
        {
            Received = received;
            Report = report;
        }

        protected abstract void Run();

        protected void Start(string name)
        {
            thread = new Thread(Run) { IsBackground = true, Name = name };
            thread.Start();
        }

        public void Dispose()
        {
            Stopped.Cancel();
            Close();
            thread?.Join(StopMilliseconds);
        }

        protected virtual void Close() { }
    }

    /// <summary>Datagrams of a UDP port.</summary>
    internal sealed class UdpSource : MessageSource
    {
        const int PauseMilliseconds = 10;
        readonly UdpClient client;

        /// <exception cref="SocketException">The port is in use.</exception>
        public UdpSource(
            int port, bool otherMachines, Action<byte[], int> received, Action<string> report)
            : base(received, report)
        {
            var address = otherMachines ? IPAddress.Any : IPAddress.Loopback;
            client = new UdpClient(new IPEndPoint(address, port));
            Start("Marotte UDP");
        }

        protected override void Run()
        {
            var sender = new IPEndPoint(IPAddress.Any, 0);
            while (!Stopped.IsCancellationRequested)
            {
                try
                {
                    byte[] message = client.Receive(ref sender);
                    Received(message, message.Length);
                }
                catch (ObjectDisposedException)
                {
                    return;
                }
                catch (SocketException)
                {
                    // Closing the port ends here too. Windows reports here that a program to which
                    // something was sent has ended, which does not matter to a receiver.
                    Stopped.Token.WaitHandle.WaitOne(PauseMilliseconds);
                }
            }
        }

        protected override void Close() { client.Close(); }
    }

    /// <summary>Messages of a WebSocket server; connects again when the server is gone.</summary>
    internal sealed class WebSocketSource : MessageSource
    {
        const int RetryMilliseconds = 2000;
        readonly Uri address;

        /// <exception cref="UriFormatException">The address is not one.</exception>
        public WebSocketSource(
            string address, Action<byte[], int> received, Action<string> report)
            : base(received, report)
        {
            this.address = new Uri(address);
            Start("Marotte WebSocket");
        }

        protected override void Run()
        {
            while (!Stopped.IsCancellationRequested)
            {
                try
                {
                    Listen().GetAwaiter().GetResult();
                }
                catch (Exception error) when (!Stopped.IsCancellationRequested)
                {
                    Report("No connection to " + address + " (" + error.Message
                        + "): start `marotte live -o websocket`.");
                }
                catch (Exception)
                {
                    return; // the wait for a message was cancelled
                }
                Stopped.Token.WaitHandle.WaitOne(RetryMilliseconds);
            }
        }

        async Task Listen()
        {
            using (var socket = new ClientWebSocket())
            {
                await socket.ConnectAsync(address, Stopped.Token).ConfigureAwait(false);
                Report("");
                var buffer = new byte[LongestMessage];
                while (socket.State == WebSocketState.Open)
                {
                    int count = await Message(socket, buffer).ConfigureAwait(false);
                    if (count < 0) throw new IOException("the server closed it");
                    Received(buffer, count);
                }
            }
        }

        async Task<int> Message(ClientWebSocket socket, byte[] buffer)
        {
            int count = 0;
            while (true)
            {
                var rest = new ArraySegment<byte>(buffer, count, buffer.Length - count);
                WebSocketReceiveResult part =
                    await socket.ReceiveAsync(rest, Stopped.Token).ConfigureAwait(false);
                if (part.MessageType == WebSocketMessageType.Close) return -1;
                count += part.Count;
                if (part.EndOfMessage) return count;
                if (count == buffer.Length) throw new IOException("a message is too long");
            }
        }
    }
}
