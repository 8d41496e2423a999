using System;
using System.Collections.Generic;

namespace Holdfast
{
    /// <summary>The binary form of messages, as docs/protocol.md of Holdfast describes it.</summary>
    internal static class Codec
    {
        /// <summary>The subprotocols that this client offers, the preferred one first. An older gateway knows only the second.</summary>
        public static readonly string[] Subprotocols = { "holdfast.v1.compact", "holdfast.v1.msgpack" };

        public const byte CompactKind = 0x8d;
        private const double ProtocolVersion = 1;

        /// <summary>The kinds of messages whose frame is the kind, the numbers of a header, and one map.</summary>
        private static readonly Dictionary<byte, string[]> MapKinds = new Dictionary<byte, string[]>
        {
            { 0x81, new[] { "welcome" } },
            { 0x83, new[] { "room" } },
            { 0x84, new[] { "placed" } },
            { 0x85, new[] { "sync", "version", "seq" } },
            { 0x86, new[] { "rejected", "seq" } },
            { 0x87, new[] { "paused" } },
            { 0x88, new[] { "resumed" } },
            { 0x89, new[] { "ended" } },
            { 0x8b, new[] { "error" } },
            { 0x8c, new[] { "goodbye" } },
            { 0x8e, new[] { "players" } },
            { 0x8f, new[] { "rooms", "id" } },
            { 0x90, new[] { "chat" } },
            { 0x91, new[] { "match" } },
        };

        public static byte[] Hello(Dictionary<string, object> fields)
        {
            var all = new Dictionary<string, object> { { "protocol", ProtocolVersion } };
            foreach (var field in fields) all[field.Key] = field.Value;
            return Frame(0x01, new uint[0], null, all);
        }

        public static byte[] Request(uint id, string operation, object data)
        {
            return Frame(0x02, new[] { id }, operation, data);
        }

        public static byte[] Command(uint seq, uint settled, string name, object data)
        {
            return Frame(0x03, new[] { seq, settled }, name, data);
        }

        public static byte[] Input(uint number, object data)
        {
            return Frame(0x07, new[] { number }, null, data);
        }

        public static byte[] Ping(uint nonce)
        {
            return Frame(0x05, new[] { nonce }, null, null);
        }

        public static byte[] Bye()
        {
            return new byte[] { 0x06 };
        }

        /// <summary>Returns a message of the server with its kind, or null for a kind that this client is too old to know.</summary>
        /// <exception cref="MisfitException">the frame is malformed</exception>
        public static Dictionary<string, object> Decode(byte[] frame)
        {
            if (frame.Length == 0) throw new MisfitException("A frame is empty.");
            if (MapKinds.TryGetValue(frame[0], out var parts))
            {
                var start = 1 + 4 * (parts.Length - 1);
                if (frame.Length < start) throw new MisfitException("A frame ends within its header.");
                if (!(MessagePack.Unpack(frame, start, frame.Length) is Dictionary<string, object> message)) throw new MisfitException("A body is not a map.");
                for (var index = 1; index < parts.Length; index++) message[parts[index]] = UInt32(frame, 4 * index - 3);
                message["kind"] = parts[0];
                return message;
            }
            if (frame[0] == 0x82)
            {
                if (frame.Length < 6) throw new MisfitException("A frame ends within its header.");
                var field = frame[5] == 1 ? "error" : "data";
                return new Dictionary<string, object> { { "kind", "response" }, { "id", UInt32(frame, 1) }, { field, MessagePack.Unpack(frame, 6, frame.Length) } };
            }
            if (frame[0] == 0x8a) return new Dictionary<string, object> { { "kind", "pong" }, { "nonce", UInt32(frame, 1) } };
            return null;
        }

        /// <summary>Puts a frame together. No data is the same as null.</summary>
        private static byte[] Frame(byte kind, uint[] numbers, string name, object data)
        {
            var body = data == null ? new byte[0] : MessagePack.Pack(data);
            var nameBytes = name == null ? null : MessagePack.Utf8.GetBytes(name);
            if (nameBytes != null && nameBytes.Length > 255) throw new HoldfastException("bad-data", $"A name has {nameBytes.Length} bytes: at most 255 are allowed.");
            var frame = new byte[1 + 4 * numbers.Length + (nameBytes == null ? 0 : 1 + nameBytes.Length) + body.Length];
            var at = 0;
            frame[at++] = kind;
            foreach (var number in numbers)
            {
                for (var shift = 24; shift >= 0; shift -= 8) frame[at++] = (byte)(number >> shift);
            }
            if (nameBytes != null)
            {
                frame[at++] = (byte)nameBytes.Length;
                Array.Copy(nameBytes, 0, frame, at, nameBytes.Length);
                at += nameBytes.Length;
            }
            Array.Copy(body, 0, frame, at, body.Length);
            return frame;
        }

        private static double UInt32(byte[] frame, int at)
        {
            if (at + 4 > frame.Length) throw new MisfitException("A frame ends within its header.");
            return (uint)(frame[at] << 24 | frame[at + 1] << 16 | frame[at + 2] << 8 | frame[at + 3]);
        }
    }
}
