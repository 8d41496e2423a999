using System.Threading.Tasks;

namespace Holdfast
{
    /// <summary>The part of a session that its room uses.</summary>
    internal interface IRoomLine
    {
        bool Send(byte[] frame);

        bool IsCongested { get; }

        bool IsProbing { get; }

        Task<object> Request(string operation, object data, double moreMs);

        /// <summary>Reports that a sync does not fit. The session then asks for the whole state over a new connection.</summary>
        void Resync(string reason);

        void Probe();
    }
}
