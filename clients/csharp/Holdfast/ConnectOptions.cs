using System.Collections.Generic;
using System.Net.Security;

namespace Holdfast
{
    /// <summary>What <see cref="Session.Connect"/> needs.</summary>
    public sealed class ConnectOptions
    {
        /// <summary>One or more gateways, such as <c>ws://127.0.0.1:7000/play</c>. The client uses the next one when one is lost.</summary>
        public IReadOnlyList<string> Urls { get; set; }

        /// <summary>The name of a guest, 1 to 32 characters.</summary>
        public string Name { get; set; }

        /// <summary>A JSON Web Token, for servers with <c>AUTH=jwt</c>.</summary>
        public string Token { get; set; }

        /// <summary>Resumes a session. With a name or token as well, a new session begins when that one is over.</summary>
        public Credentials Credentials { get; set; }

        /// <summary>Decides whether to trust the certificate of a <c>wss://</c> gateway. Null: as the platform does.</summary>
        public RemoteCertificateValidationCallback Trust { get; set; }

        public ReconnectOptions Reconnect { get; set; } = new ReconnectOptions();

        /// <summary>Time within which a gateway must send its welcome; after it the next gateway is tried.</summary>
        public double WelcomeMs { get; set; } = 5000;

        /// <summary>Time for which a first connection is repeated that a gateway refuses only for now.</summary>
        public double OpenMs { get; set; } = 20000;
    }
}
