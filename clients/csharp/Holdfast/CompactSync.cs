using System;
using System.Collections.Generic;

namespace Holdfast
{
    /// <summary>A compact sync, as docs/protocol.md of Holdfast describes it.</summary>
    internal sealed class CompactSync
    {
        private const int State = 1, From = 2, HasTime = 4, HasHash = 8, HasEvents = 16, IsMissed = 32, Clock = 64, Unknown = 128;
        private readonly byte[] frame;
        private readonly int rest;

        public readonly uint Seq;

        /// <summary>The number of the latest input of this seat that the steps up to <see cref="Version"/> have sampled. 0: none.</summary>
        public readonly uint Input;

        public readonly uint Version;

        /// <summary>The version of the last change before this sync. Null: the sync has the whole state.</summary>
        public readonly long? Base;

        /// <summary>The room time of this sync in ms, or the time since <see cref="Base"/>.</summary>
        public readonly double? Time;

        public readonly double? Elapsed;
        public readonly uint? Hash;

        /// <summary>Each with <c>version</c>, <c>name</c> and perhaps <c>data</c>.</summary>
        public readonly List<object> Events = new List<object>();

        public readonly bool Missed;

        /// <exception cref="MisfitException">the frame is malformed</exception>
        public CompactSync(byte[] frame)
        {
            this.frame = frame;
            var at = 1;
            Seq = UInt32(ref at);
            Input = UInt32(ref at);
            int flags = frame[Take(ref at, 1)];
            bool isState = (flags & State) != 0, isClock = (flags & Clock) != 0;
            if ((flags & Unknown) != 0 || isState == ((flags & From) != 0) || isClock && (isState || (flags & HasTime) == 0))
                throw new MisfitException("A compact sync has flags that do not belong together.");
            Version = UInt32(ref at);
            if (!isState) Base = Version - Varint(ref at);
            if (Base < 0) throw new MisfitException("A compact sync starts from a version below 0.");
            if ((flags & HasTime) != 0)
            {
                if (isState || isClock) Time = Double(ref at);
                else Elapsed = Varint(ref at);
            }
            if ((flags & HasHash) != 0)
            {
                var hashAt = Take(ref at, 4);
                Hash = (uint)(frame[hashAt] << 24 | frame[hashAt + 1] << 16 | frame[hashAt + 2] << 8 | frame[hashAt + 3]);
            }
            if ((flags & HasEvents) != 0)
            {
                var length = Varint(ref at);
                var start = Take(ref at, length);
                ReadEvents(MessagePack.Unpack(frame, start, at));
            }
            Missed = (flags & IsMissed) != 0;
            rest = at;
        }

        /// <summary>Returns the state after this sync.</summary>
        /// <param name="before">the state that the client has</param>
        /// <param name="held">its version, or -1</param>
        /// <exception cref="MisfitException">the sync does not fit</exception>
        public object Next(object before, long held)
        {
            object after;
            if (Base == null) after = StatePatch.DecodeValue(frame, rest, frame.Length);
            else
            {
                // A version after `Base` has the same state, because only acknowledgements came after it.
                var last = rest == frame.Length ? Version : Version - 1L;
                if (held < Base || held > last) throw new MisfitException($"A sync leads from {Base} to {Version}, but the client has {held}.");
                after = StatePatch.Apply(before, frame, rest, frame.Length);
            }
            if (Hash != null && StateHash.Of(after) != Hash) throw new MisfitException("The state after a sync has another hash.");
            return after;
        }

        private void ReadEvents(object rows)
        {
            foreach (var each in rows as List<object> ?? throw new MisfitException("The events of a compact sync are not an array."))
            {
                var row = each as List<object>;
                if (row == null || row.Count < 2 || row.Count > 3 || !(row[0] is double age) || !(row[1] is string name) || age < 0 || age > Version || Math.Floor(age) != age)
                    throw new MisfitException("An event is not an array of a number, a name and data.");
                var entry = new Dictionary<string, object> { { "version", Version - age }, { "name", name } };
                if (row.Count == 3) entry["data"] = row[2];
                Events.Add(entry);
            }
        }

        private int Take(ref int at, long count)
        {
            if (count > frame.Length - at) throw new MisfitException("A compact sync ends too early.");
            var start = at;
            at += (int)count;
            return start;
        }

        private long Varint(ref int at)
        {
            long value = 0;
            for (var shift = 0; shift <= 49; shift += 7)
            {
                int part = frame[Take(ref at, 1)];
                value |= (long)(part & 0x7f) << shift;
                if (part < 0x80) return value <= 9007199254740991 ? value : throw new MisfitException("A number of a compact sync is too large.");
            }
            throw new MisfitException("A number of a compact sync has too many bytes.");
        }

        private uint UInt32(ref int at)
        {
            var value = Varint(ref at);
            return value <= uint.MaxValue ? (uint)value : throw new MisfitException("A number of a compact sync is above 2^32 - 1.");
        }

        private double Double(ref int at)
        {
            var start = Take(ref at, 8);
            long bits = 0;
            for (var index = 0; index < 8; index++) bits = bits << 8 | frame[start + index];
            var value = BitConverter.Int64BitsToDouble(bits);
            return double.IsNaN(value) || double.IsInfinity(value) ? throw new MisfitException("The time of a compact sync is not finite.") : value;
        }
    }
}
