using System;

namespace Holdfast
{
    /// <summary>The bytes of the server are malformed, or do not fit the state of this client.</summary>
    internal sealed class MisfitException : Exception
    {
        public MisfitException(string message) : base(message) { }
    }
}
