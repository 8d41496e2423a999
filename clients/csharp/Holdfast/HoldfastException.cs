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

    /// <summary>The bytes of the server are malformed, or do not fit the state of this client.</summary>
    internal sealed class MisfitException : Exception
    {
        public MisfitException(string message) : base(message) { }
    }

    internal static class Fields
    {
        /// <summary>Returns a field, or null when it is absent.</summary>
        public static object Get(this Dictionary<string, object> fields, string name)
        {
            return fields != null && fields.TryGetValue(name, out var value) ? value : null;
        }

        /// <summary>Returns a number. Throws <see cref="MisfitException"/> when it is absent.</summary>
        public static double Number(this Dictionary<string, object> fields, string name)
        {
            return fields.Get(name) is double number ? number : throw new MisfitException($"The field {name} is no number.");
        }

        public static string Text(this Dictionary<string, object> fields, string name)
        {
            return fields.Get(name) as string ?? throw new MisfitException($"The field {name} is no string.");
        }
    }
}
