namespace Holdfast
{
    /// <summary>Finds the room time of each sync, which has either an absolute time or the time since the version from which it leads.</summary>
    internal sealed class SyncTime
    {
        private long lastVersion = -1;
        private double? last;
        private double? atBase;

        /// <summary>Returns the room time of a sync in ms, or null when the server has not sent it.</summary>
        public double? Take(long version, long? from, double? time, double? elapsed)
        {
            if (time != null) atBase = time;
            else if (from == lastVersion) atBase = last;
            lastVersion = version;
            last = time ?? atBase + elapsed;
            return last;
        }
    }
}
