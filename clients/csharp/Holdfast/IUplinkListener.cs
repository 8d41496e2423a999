using System.Collections.Generic;

namespace Holdfast
{
    internal interface IUplinkListener
    {
        /// <summary>Returns the fields of the hello of a new connection.</summary>
        Dictionary<string, object> Hello();

        void Welcomed(Dictionary<string, object> welcome);

        void Received(Dictionary<string, object> message);

        void Received(CompactSync sync);

        /// <summary>The connection is lost, and another is being opened.</summary>
        /// <param name="isFaulty">a message could not be decoded or applied</param>
        void Lost(bool isFaulty);

        /// <summary>No further connection is opened.</summary>
        void Ended(HoldfastException error);
    }
}
