namespace Holdfast
{
    /// <summary>What resumes a session. Each connection replaces the secret.</summary>
    public sealed class Credentials
    {
        public string Session { get; }

        public string Secret { get; }

        public Credentials(string session, string secret)
        {
            Session = session;
            Secret = secret;
        }
    }
}
