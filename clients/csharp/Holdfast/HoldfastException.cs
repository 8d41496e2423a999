using System;
using System.Collections.Generic;

namespace Holdfast
{
    /// <summary>A refusal with a stable code, such as <c>not-your-turn</c>. docs/protocol.md of Holdfast lists the codes.</summary>
    public sealed class HoldfastException : Exception
    {
        public string Code { get; }

        /// <summary>Whether the same request may succeed later, not before <see cref="RetryAfterMs"/>.</summary>
        public bool Retry { get; }

        public double? RetryAfterMs { get; }

        public HoldfastException(string code, string message = null, bool retry = false, double? retryAfterMs = null) : base(message ?? code)
        {
            Code = code;
            Retry = retry;
            RetryAfterMs = retryAfterMs;
        }

        /// <summary>Returns the refusal in a message of the server, or <c>internal</c> when the body is not a refusal.</summary>
        internal static HoldfastException Of(object body)
        {
            var fields = body as Dictionary<string, object>;
            var code = fields.Get("code") as string;
            if (code == null) return new HoldfastException("internal", "The server sent a refusal without a code.", true);
            return new HoldfastException(code, fields.Get("message") as string, Equals(fields.Get("retry"), true), fields.Get("retryAfterMs") as double?);
        }
    }
}
