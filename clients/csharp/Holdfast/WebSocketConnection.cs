using System;
using System.Collections.Generic;
using System.IO;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Threading.Tasks;

namespace Holdfast
{
    /// <summary>The client side of WebSocket (RFC 6455) over a socket, without extensions.</summary>
    internal sealed class WebSocketConnection
    {
        private const string Guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
        private const int Continuation = 0, Text = 1, Binary = 2, Close = 8, Ping = 9, Pong = 10;

        /// <summary>The largest message that this client reads, in bytes. Servers send at most 4 MiB by default.</summary>
        private const int MessageBytesMax = 64 * 1024 * 1024;

        /// <summary>A connection with more unsent bytes than this takes no inputs, because they would be old when they arrive.</summary>
        private const int BacklogBytes = 64 * 1024;

        private static readonly RandomNumberGenerator Random = RandomNumberGenerator.Create();

        private readonly TcpClient client;
        private readonly TaskCompletionSource<int> aborted = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly Queue<byte[]> unsent = new Queue<byte[]>();
        private readonly byte[] buffer = new byte[64 * 1024];
        private Stream stream;
        private int bufferStart;
        private int bufferEnd;
        private int unsentBytes;
        private bool isOpen;
        private bool isWriting;
        private bool isClosing;

        private WebSocketConnection(TcpClient client)
        {
            this.client = client;
        }

        public bool IsCongested => unsentBytes > BacklogBytes;

        /// <summary>Opens a connection to a <c>ws://</c> or <c>wss://</c> URL.</summary>
        /// <param name="url">the address of the gateway</param>
        /// <param name="subprotocols">the names to offer, the preferred one first</param>
        /// <param name="trust">decides on the certificate of a <c>wss://</c> server; null: as the platform does</param>
        /// <param name="opened">gets the connection before the handshake, so that the caller can abort it</param>
        /// <exception cref="IOException">the connection could not be opened</exception>
        public static async Task<WebSocketConnection> Open(string url, string[] subprotocols, RemoteCertificateValidationCallback trust, Action<WebSocketConnection> opened)
        {
            if (!Uri.TryCreate(url, UriKind.Absolute, out var address) || (address.Scheme != "ws" && address.Scheme != "wss"))
                throw new IOException($"{url} is not the URL of a WebSocket: it must begin with ws:// or wss://.");
            var isSecure = address.Scheme == "wss";
            var connection = new WebSocketConnection(new TcpClient { NoDelay = true });
            opened(connection);
            try
            {
                await connection.OrAborted(() => connection.client.ConnectAsync(address.DnsSafeHost, address.Port > 0 ? address.Port : isSecure ? 443 : 80));
                connection.stream = connection.client.GetStream();
                if (isSecure)
                {
                    var secure = new SslStream(connection.stream, false, trust);
                    connection.stream = secure;
                    await connection.OrAborted(() => secure.AuthenticateAsClientAsync(address.DnsSafeHost));
                }
                await connection.ShakeHands(address, subprotocols);
                connection.isOpen = true;
                return connection;
            }
            catch (Exception error)
            {
                connection.Abort();
                throw error as IOException ?? new IOException(error.Message, error);
            }
        }

        /// <summary>Sends a binary message.</summary>
        public void Send(byte[] message)
        {
            Write(Binary, message);
        }

        /// <summary>Returns the next message.</summary>
        /// <exception cref="IOException">the connection is over</exception>
        public async Task<byte[]> Receive()
        {
            MemoryStream parts = null;
            while (true)
            {
                var head = await Read(2);
                int opcode = head[0] & 0x0f;
                long length = head[1] & 0x7f;
                if ((head[0] & 0x70) != 0 || (head[1] & 0x80) != 0) throw new IOException("The server sent a frame with an extension or a mask.");
                if (length >= 126)
                {
                    var bytes = await Read(length == 126 ? 2 : 8);
                    length = 0;
                    foreach (var one in bytes) length = length << 8 | one;
                }
                if (length < 0 || length + (parts?.Length ?? 0) > MessageBytesMax) throw new IOException("The server sent a message that is too large.");
                var payload = await Read((int)length);
                switch (opcode)
                {
                    case Ping:
                        Write(Pong, payload);
                        continue;
                    case Pong:
                        continue;
                    case Close:
                        EndAfterClose();
                        throw new IOException("The server closed the connection.");
                    case Continuation:
                    case Text:
                    case Binary:
                        if (opcode == Continuation != (parts != null)) throw new IOException("The server sent fragments in a wrong order.");
                        var isLast = (head[0] & 0x80) != 0;
                        if (isLast && parts == null) return payload;
                        parts = parts ?? new MemoryStream();
                        parts.Write(payload, 0, payload.Length);
                        if (isLast) return parts.ToArray();
                        continue;
                    default:
                        throw new IOException("The server sent an unknown kind of frame.");
                }
            }
        }

        /// <summary>Sends a close frame after everything that was sent before, and ends the connection.</summary>
        public void EndAfterClose()
        {
            if (isOpen) Write(Close, new byte[] { 0x03, 0xe8 });
            isOpen = false;
            isClosing = true;
            if (!isWriting) Abort();
        }

        /// <summary>Ends the connection at once. <see cref="Receive"/> then throws.</summary>
        public void Abort()
        {
            isClosing = true;
            aborted.TrySetResult(0);
            client.Close();
        }

        private async Task ShakeHands(Uri address, string[] subprotocols)
        {
            var nonce = new byte[16];
            Random.GetBytes(nonce);
            var key = Convert.ToBase64String(nonce);
            var request = Encoding.ASCII.GetBytes(
                $"GET {address.PathAndQuery} HTTP/1.1\r\nHost: {address.Authority}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
                $"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: {string.Join(", ", subprotocols)}\r\n\r\n");
            await OrAborted(() => stream.WriteAsync(request, 0, request.Length));
            var status = await ReadLine();
            if (status.Split(' ').Length < 2 || status.Split(' ')[1] != "101") throw new IOException($"The server refused the WebSocket: {status}");
            var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
            for (var line = await ReadLine(); line != ""; line = await ReadLine())
            {
                var colon = line.IndexOf(':');
                if (colon > 0) headers[line.Substring(0, colon).Trim()] = line.Substring(colon + 1).Trim();
            }
            string expected;
            using (var sha = SHA1.Create()) expected = Convert.ToBase64String(sha.ComputeHash(Encoding.ASCII.GetBytes(key + Guid)));
            CheckAnswer(headers, expected, subprotocols);
        }

        private static void CheckAnswer(Dictionary<string, string> headers, string expected, string[] subprotocols)
        {
            if (!headers.TryGetValue("Sec-WebSocket-Accept", out var accept) || accept != expected) throw new IOException("The server is not a WebSocket server.");
            if (!headers.TryGetValue("Sec-WebSocket-Protocol", out var chosen) || Array.IndexOf(subprotocols, chosen) < 0)
                throw new IOException($"The server chose the subprotocol {chosen}, which was not offered.");
        }

        private async Task<string> ReadLine()
        {
            var line = new StringBuilder();
            while (line.Length < 8192)
            {
                if (bufferStart == bufferEnd) await Fill();
                var next = (char)buffer[bufferStart++];
                if (next == '\n') return line.ToString().TrimEnd('\r');
                line.Append(next);
            }
            throw new IOException("The server sent a header that is too long.");
        }

        private async Task<byte[]> Read(int count)
        {
            var bytes = new byte[count];
            for (var filled = 0; filled < count;)
            {
                if (bufferStart == bufferEnd) await Fill();
                var part = Math.Min(count - filled, bufferEnd - bufferStart);
                Array.Copy(buffer, bufferStart, bytes, filled, part);
                bufferStart += part;
                filled += part;
            }
            return bytes;
        }

        private async Task Fill()
        {
            Task<int> reading = null;
            await OrAborted(() => reading = stream.ReadAsync(buffer, 0, buffer.Length));
            bufferStart = 0;
            bufferEnd = reading.Result;
            if (bufferEnd == 0) throw new IOException("The connection was lost.");
        }

        /// <summary>
        /// Waits for work on the socket, or for the abort. A platform may never complete the work on a closed socket. Every error becomes
        /// an <see cref="IOException"/>.
        /// </summary>
        private async Task OrAborted(Func<Task> begin)
        {
            try
            {
                var work = begin();
                if (await Task.WhenAny(work, aborted.Task) == work)
                {
                    await work;
                    return;
                }
                // Reads the error of the work, which nobody awaits any more.
                _ = work.ContinueWith(done => done.Exception, TaskContinuationOptions.OnlyOnFaulted);
            }
            catch (Exception error) when (!(error is IOException))
            {
                throw new IOException(error.Message, error);
            }
            throw new IOException("The connection was closed.");
        }

        private void Write(int opcode, byte[] payload)
        {
            if (isClosing) return;
            var headBytes = payload.Length < 126 ? 2 : payload.Length < 65536 ? 4 : 10;
            var frame = new byte[headBytes + 4 + payload.Length];
            frame[0] = (byte)(0x80 | opcode);
            frame[1] = (byte)(0x80 | (headBytes == 2 ? payload.Length : headBytes == 4 ? 126 : 127));
            for (int at = headBytes - 1, length = payload.Length; at > 1; at--, length >>= 8) frame[at] = (byte)length;
            var mask = new byte[4];
            Random.GetBytes(mask);
            Array.Copy(mask, 0, frame, headBytes, 4);
            for (var at = 0; at < payload.Length; at++) frame[headBytes + 4 + at] = (byte)(payload[at] ^ mask[at & 3]);
            unsent.Enqueue(frame);
            unsentBytes += frame.Length;
            if (!isWriting) WriteAll();
        }

        /// <summary>Writes the waiting frames one after the other. Ends the connection behind a close frame.</summary>
        private async void WriteAll()
        {
            isWriting = true;
            try
            {
                while (unsent.Count > 0)
                {
                    var frame = unsent.Dequeue();
                    await OrAborted(() => stream.WriteAsync(frame, 0, frame.Length));
                    unsentBytes -= frame.Length;
                }
                isWriting = false;
                if (isClosing) Abort();
            }
            catch (IOException)
            {
                Abort();
            }
        }
    }
}
