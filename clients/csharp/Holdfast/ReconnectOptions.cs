namespace Holdfast
{
    /// <summary>The pauses between attempts to connect, in ms.</summary>
    public sealed class ReconnectOptions
    {
        /// <summary>The first pause. Each round through all gateways doubles it.</summary>
        public double FirstMs { get; set; } = 100;

        public double MaxMs { get; set; } = 5000;

        /// <summary>After so much unsuccessful searching the session ends. Null: as long as the server keeps the session.</summary>
        public double? GiveUpMs { get; set; }
    }
}
