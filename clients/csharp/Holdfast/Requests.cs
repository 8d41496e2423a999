using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading.Tasks;

namespace Holdfast
{
    /// <summary>The requests that have no response yet.</summary>
    internal sealed class Requests
    {
        /// <summary>A gateway refuses more unanswered requests of one session.</summary>
        private const int RequestsMax = 16;

        /// <summary>A request without a response fails after this time.</summary>
        private const double TimeoutMs = 15000;

        private const double FirstPauseMs = 100, MaxPauseMs = 5000;

        /// <summary>Operations that only read or cancel, or that the server recognizes when they are repeated.</summary>
        private static readonly HashSet<string> Repeatable = new HashSet<string>
        {
            "chat.history", "chat.mute", "chat.send", "games.list", "match.accept", "match.cancel", "match.status", "me", "rooms.cancelStart", "rooms.list",
        };

        private readonly Func<byte[], bool> send;
        private readonly Dictionary<uint, Pending> pending = new Dictionary<uint, Pending>();
        private uint last;

        private sealed class Pending
        {
            public string Operation;
            public byte[] Frame;
            /// <summary>Whether it was sent over a connection. When that connection is lost, the outcome is unknown.</summary>
            public bool WasSent;
            public readonly TaskCompletionSource<object> Answer = new TaskCompletionSource<object>(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        /// <param name="send">returns false when there is no connection; the request then waits for the next one</param>
        public Requests(Func<byte[], bool> send)
        {
            this.send = send;
        }

        /// <summary>Returns the data of the response.</summary>
        public async Task<object> Ask(string operation, object data, double moreMs)
        {
            if (pending.Count >= RequestsMax) throw new HoldfastException("busy", $"{RequestsMax} requests are unanswered.", true);
            var id = unchecked(++last);
            var request = new Pending { Operation = operation, Frame = Codec.Request(id, operation, data) };
            pending[id] = request;
            request.WasSent = send(request.Frame);
            var limit = Later.Run(TimeoutMs + moreMs, () => request.Answer.TrySetException(new HoldfastException("unavailable", $"{operation} was not answered in time.", true)));
            try
            {
                return await request.Answer.Task;
            }
            finally
            {
                limit.Cancel();
                pending.Remove(id);
            }
        }

        public void Answered(Dictionary<string, object> response)
        {
            if (!pending.TryGetValue((uint)response.Number("id"), out var request)) return;
            if (response.ContainsKey("error")) request.Answer.TrySetException(HoldfastException.Of(response.Get("error")));
            else request.Answer.TrySetResult(response.Get("data"));
        }

        /// <summary>Fails the requests that were sent and cannot be repeated: they may or may not have been executed.</summary>
        public void Lost()
        {
            foreach (var request in pending.Values.Where(one => one.WasSent && !Repeatable.Contains(one.Operation)).ToList())
                request.Answer.TrySetException(new HoldfastException("server-lost", $"The connection was lost before {request.Operation} was answered.", true));
        }

        /// <summary>Sends all unanswered requests over a new connection.</summary>
        public void Repeat()
        {
            foreach (var request in pending.Values.Where(one => !one.Answer.Task.IsCompleted).ToList()) request.WasSent = send(request.Frame);
        }

        public void FailAll(HoldfastException error)
        {
            foreach (var request in pending.Values.ToList()) request.Answer.TrySetException(error);
        }

        /// <summary>Repeats a request that may be repeated until it has an answer. Throws the first refusal without <c>retry</c>.</summary>
        public static async Task<T> UntilAnswered<T>(Func<Task<T>> ask, int triesMax = int.MaxValue)
        {
            for (var tries = 1; ; tries++)
            {
                double pauseMs;
                try
                {
                    return await ask();
                }
                catch (HoldfastException error) when (tries < triesMax && (error.Retry || error.Code == "overtaken"))
                {
                    pauseMs = Math.Max(error.RetryAfterMs ?? 0, Math.Min(MaxPauseMs, FirstPauseMs * Math.Pow(2, tries - 1)));
                }
                await Task.Delay((int)pauseMs);
            }
        }
    }
}
