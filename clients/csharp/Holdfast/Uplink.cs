using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Threading.Tasks;

namespace Holdfast
{
    /// <summary>Keeps one connection open, to any gateway that answers.</summary>
    internal sealed class Uplink
    {
        /// <summary>How long the client searches when the server does not say how long it keeps the session.</summary>
        private const double GiveUpDefaultMs = 120000;

        /// <summary>Added to a <c>retryAfterMs</c>, so that clients with the same value do not all return at the same moment.</summary>
        private const double SpreadMs = 50;

        /// <summary>Faults, each at most this time after the one before, after which the session ends.</summary>
        private const int FaultsMax = 8;

        private const double FaultFreeMs = 60000;

        /// <summary>An open connection that does not answer a ping within this time is replaced.</summary>
        private const double ProbeMs = 3000;

        /// <summary>An attempt or pause that took this much longer than planned was interrupted: the device slept.</summary>
        private const double LateMs = 1000;

        private static readonly HashSet<string> RetryCodes = new HashSet<string>
        {
            "hello-timeout", "internal", "rate-limited", "shutting-down", "timed-out", "too-many-connections", "too-slow", "unavailable",
        };

        private readonly ConnectOptions options;
        private readonly IUplinkListener listener;
        private readonly Stopwatch clock = Stopwatch.StartNew();
        private readonly Random random = new Random();
        private readonly Heartbeat heartbeat;
        private WebSocketConnection socket;
        private Later probeTimer;
        private Later pause;
        private bool isStopped;
        private int gateway;
        private int attempt;
        private bool wasWelcome;
        private HoldfastException refusal;
        private int faults;
        private double faultyAt = double.NegativeInfinity;
        private string fault;
        private double giveUpMs = GiveUpDefaultMs;
        private double searchMs;
        private double searchedSince;
        private double nextDelayMs;

        /// <summary>The end of a connection or of an attempt.</summary>
        private sealed class Loss
        {
            public HoldfastException Error;
            public bool WasOpen;
            public bool IsFaulty;
            public bool IsFinal;
            public bool IsRefusal;
        }

        public Uplink(ConnectOptions options, IUplinkListener listener)
        {
            this.options = options;
            this.listener = listener;
            heartbeat = new Heartbeat(nonce => Send(Codec.Ping(nonce)), () => socket?.Abort());
        }

        public bool IsProbing => probeTimer != null;

        public bool IsCongested => socket != null && socket.IsCongested;

        public void Start()
        {
            attempt = 0;
            refusal = null;
            searchMs = 0;
            searchedSince = clock.ElapsedMilliseconds;
            Run();
        }

        /// <summary>Sends a frame. Returns false when there is no open connection.</summary>
        public bool Send(byte[] frame)
        {
            if (socket == null) return false;
            heartbeat.HasSent = true;
            socket.Send(frame);
            return true;
        }

        /// <summary>Pings the connection, and replaces it when nothing arrives within some seconds.</summary>
        public void Probe()
        {
            if (socket == null || probeTimer != null) return;
            probeTimer = Later.Run(ProbeMs, () => socket?.Abort());
            Send(Codec.Ping(0));
        }

        /// <summary>Replaces a connection whose messages cannot be applied, after a growing pause.</summary>
        public void Faulty(string reason)
        {
            fault = fault ?? reason;
            socket?.Abort();
        }

        /// <summary>Closes the connection and opens no other.</summary>
        /// <param name="last">a frame to send before, or null</param>
        public void Stop(byte[] last)
        {
            isStopped = true;
            if (last != null) Send(last);
            pause?.Cancel();
            Quiet();
            socket?.EndAfterClose();
            socket = null;
        }

        /// <summary>Opens connections, one after the other. After each one, a pause calls this again.</summary>
        private async void Run()
        {
            var loss = await Connection(options.Urls[gateway]);
            if (isStopped) return;
            var end = EndAfter(loss);
            if (end != null) listener.Ended(end);
            else PauseAfter(loss);
        }

        private void PauseAfter(Loss loss)
        {
            var delayMs = nextDelayMs;
            pause = Later.Run(delayMs, () =>
            {
                Tried(delayMs);
                Run();
            });
            if (loss.WasOpen) listener.Lost(loss.IsFaulty);
        }

        /// <summary>Opens a connection and reads from it until it is over.</summary>
        private async Task<Loss> Connection(string url)
        {
            fault = null;
            var isOpen = false;
            var isTooLate = false;
            WebSocketConnection current = null;
            var limit = Later.Run(options.WelcomeMs, () =>
            {
                isTooLate = true;
                current?.Abort();
            });
            try
            {
                await WebSocketConnection.Open(url, Codec.Subprotocols, options.Trust, one => current = one);
                current.Send(Codec.Hello(listener.Hello()));
                var first = await FirstMessage(current);
                limit.Cancel();
                if (isStopped) return null;
                if (first is Loss) return (Loss)first;
                socket = current;
                isOpen = true;
                Welcomed((Dictionary<string, object>)first);
                await YieldTurns();
                return await ReadAll(current);
            }
            catch (Exception error) when (!(error is IOException))
            {
                // A frame is malformed, or a message lacks a field.
                return FaultOf($"{url}: {error.Message}", isOpen);
            }
            catch (IOException error)
            {
                if (fault != null) return FaultOf(fault, isOpen);
                var reason = isTooLate ? $"{url} has sent no welcome within {options.WelcomeMs} ms." : $"{url}: {error.Message}";
                return new Loss { Error = new HoldfastException("unavailable", reason, true), WasOpen = isOpen };
            }
            finally
            {
                limit.Cancel();
                if (socket == current) socket = null;
                Quiet();
                current?.EndAfterClose();
            }
        }

        /// <summary>Returns the welcome, or the loss after a refusal.</summary>
        private async Task<object> FirstMessage(WebSocketConnection current)
        {
            while (true)
            {
                var message = Codec.Decode(await current.Receive());
                var kind = message.Get("kind") as string;
                if (kind == "goodbye") return GoodbyeOf(message, false);
                if (kind == "error") return new Loss { Error = HoldfastException.Of(message), IsFinal = true };
                if (kind == "welcome") return message;
            }
        }

        private void Welcomed(Dictionary<string, object> welcome)
        {
            attempt = 0;
            wasWelcome = true;
            refusal = null;
            giveUpMs = options.Reconnect.GiveUpMs ?? welcome.Get("sessionMs") as double? ?? GiveUpDefaultMs;
            heartbeat.Start(welcome.Number("pingMs"));
            listener.Welcomed(welcome);
        }

        private async Task<Loss> ReadAll(WebSocketConnection current)
        {
            while (true)
            {
                var frame = await current.Receive();
                heartbeat.SilentBeats = 0;
                StopProbe();
                if (frame.Length > 0 && frame[0] == Codec.CompactKind) listener.Received(new CompactSync(frame));
                else
                {
                    var message = Codec.Decode(frame);
                    if (message.Get("kind") as string == "goodbye") return GoodbyeOf(message, true);
                    if (message != null) listener.Received(message);
                }
                if (fault != null) return FaultOf(fault, true);
                await YieldTurns();
            }
        }

        private static Loss GoodbyeOf(Dictionary<string, object> goodbye, bool wasOpen)
        {
            var code = goodbye.Text("code");
            var after = goodbye.Get("retryAfterMs") as double?;
            var mayRetry = RetryCodes.Contains(code) || after != null;
            var error = new HoldfastException(code, goodbye.Get("reason") as string, mayRetry, after);
            return new Loss { Error = error, WasOpen = wasOpen, IsFinal = !mayRetry, IsRefusal = true };
        }

        /// <summary>Counts a fault. After too many of them, the session ends.</summary>
        private Loss FaultOf(string reason, bool wasOpen)
        {
            double now = clock.ElapsedMilliseconds;
            if (now - faultyAt > FaultFreeMs) faults = 0;
            faultyAt = now;
            faults += 1;
            var error = new HoldfastException("sync-failed", $"The client repeatedly could not decode or apply what the server sent ({reason}).");
            return new Loss { Error = error, WasOpen = wasOpen, IsFaulty = true, IsFinal = faults > FaultsMax };
        }

        /// <summary>Returns the error with which the session ends. Null: the next attempt comes after <c>nextDelayMs</c>.</summary>
        private HoldfastException EndAfter(Loss loss)
        {
            if (loss.IsFinal) return loss.Error;
            if (loss.WasOpen)
            {
                searchMs = 0;
                searchedSince = clock.ElapsedMilliseconds;
            }
            else Tried(options.WelcomeMs);
            if (loss.IsRefusal && !wasWelcome) refusal = loss.Error;
            int tries = attempt, gateways = options.Urls.Count;
            attempt += 1;
            gateway = (gateway + 1) % gateways;
            var named = loss.Error.RetryAfterMs;
            var wait = named ?? refusal?.RetryAfterMs ?? 0;
            nextDelayMs = 0;
            if (!wasWelcome)
            {
                if (attempt < gateways) return null;
                // A refusal says more about the cause than the silence of another gateway.
                if (refusal == null || searchMs + wait > options.OpenMs) return refusal ?? loss.Error;
            }
            else if (searchMs > giveUpMs) return loss.Error;
            var growing = RetryDelay(tries, gateways);
            if (loss.IsFaulty) growing = Math.Max(growing, RetryDelay(faults - 1, 1));
            // A gateway that shuts down names the time for the first attempt. Later attempts use the usual pauses.
            nextDelayMs = named != null && tries == 0 ? named.Value + random.NextDouble() * SpreadMs : Math.Max(wait, growing);
            return null;
        }

        /// <summary>
        /// Returns a random time between half and all of a growing time, so that the players of a lost gateway do not return at the same
        /// moment. Source: "Exponential Backoff And Jitter", AWS Architecture Blog, 2015 ("equal jitter").
        /// </summary>
        private double RetryDelay(int tries, int gateways)
        {
            var ceiling = Math.Min(options.Reconnect.MaxMs, options.Reconnect.FirstMs * Math.Pow(2, Math.Min(tries / gateways, 30)));
            return ceiling * (0.5 + random.NextDouble() / 2);
        }

        /// <summary>Ends an attempt or a pause of the search. Time in which the device slept does not count.</summary>
        private void Tried(double plannedMs)
        {
            double now = clock.ElapsedMilliseconds;
            searchMs += Math.Min(now - searchedSince, plannedMs + LateMs);
            searchedSince = now;
        }

        /// <summary>
        /// Lets tasks that await a message go on before the next message is handled, so that they can add listeners in time. A task that
        /// awaits a match is two tasks away from the message.
        /// </summary>
        private static async Task YieldTurns()
        {
            for (var turn = 0; turn < 3; turn++) await Task.Yield();
        }

        private void StopProbe()
        {
            probeTimer?.Cancel();
            probeTimer = null;
        }

        /// <summary>Stops everything that belongs to the current connection.</summary>
        private void Quiet()
        {
            heartbeat.Stop();
            StopProbe();
        }
    }
}
