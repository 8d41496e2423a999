using System;
using System.Collections;
using System.Collections.Generic;
using System.IO;
using System.Text;

namespace Holdfast
{
    /// <summary>
    /// MessagePack without extension types, as docs/protocol.md of Holdfast restricts it. Numbers are doubles, maps are
    /// <c>Dictionary&lt;string, object&gt;</c>, and arrays are <c>List&lt;object&gt;</c>.
    /// </summary>
    public static class MessagePack
    {
        private const double SafeIntegerMax = 9007199254740991;
        private const int DepthSentMax = 512;
        private const int DepthReceivedMax = 1024;
        internal static readonly UTF8Encoding Utf8 = new UTF8Encoding(false, true);

        /// <summary>Returns the bytes of a plain value. Any integer type, <c>float</c>, lists and dictionaries are allowed.</summary>
        /// <exception cref="HoldfastException"><c>bad-data</c> for a value that is not plain</exception>
        public static byte[] Pack(object value)
        {
            var output = new MemoryStream();
            Write(output, value, 0);
            return output.ToArray();
        }

        /// <summary>Returns the value whose bytes are exactly those from <paramref name="start"/> to the end.</summary>
        internal static object Unpack(byte[] bytes, int start, int end)
        {
            var reader = new Reader(bytes, start, end);
            var value = reader.Value(0);
            if (reader.At != end) throw new MisfitException("Bytes are left over behind a MessagePack value.");
            return value;
        }

        private static void Write(MemoryStream output, object value, int depth)
        {
            if (value == null) output.WriteByte(0xc0);
            else if (value is bool flag) output.WriteByte((byte)(flag ? 0xc3 : 0xc2));
            else if (value is string text) WriteText(output, text);
            else if (value is byte[] bytes)
            {
                WriteHead(output, bytes.Length, 0, -1, 0xc4, 0xc5, 0xc6);
                output.Write(bytes, 0, bytes.Length);
            }
            else if (value is double || value is float || value is decimal) WriteNumber(output, Convert.ToDouble(value));
            else if (IsInteger(value))
            {
                var number = Convert.ToDouble(value);
                if (Math.Abs(number) > SafeIntegerMax) throw NotPlain($"The integer {value} is beyond ±(2^53 - 1): send it as a string or a double.");
                WriteNumber(output, number);
            }
            else WriteContainer(output, value, depth);
        }

        private static bool IsInteger(object value)
        {
            var code = Type.GetTypeCode(value.GetType());
            return code >= TypeCode.SByte && code <= TypeCode.UInt64;
        }

        private static void WriteContainer(MemoryStream output, object value, int depth)
        {
            if (depth >= DepthSentMax) throw NotPlain($"A value has more than {DepthSentMax} levels.");
            if (value is IDictionary map)
            {
                WriteHead(output, map.Count, 0x80, 15, 0, 0xde, 0xdf);
                foreach (DictionaryEntry entry in map)
                {
                    if (!(entry.Key is string key) || key == "__proto__") throw NotPlain("A key is not a string, or it is __proto__.");
                    WriteText(output, key);
                    Write(output, entry.Value, depth + 1);
                }
            }
            else if (value is IList list)
            {
                WriteHead(output, list.Count, 0x90, 15, 0, 0xdc, 0xdd);
                foreach (var item in list) Write(output, item, depth + 1);
            }
            else throw NotPlain($"A {value.GetType().Name} is not plain: use null, bool, a number, string, byte[], a list or a dictionary.");
        }

        private static void WriteNumber(MemoryStream output, double value)
        {
            if (double.IsNaN(value) || double.IsInfinity(value)) throw NotPlain("A number is not finite.");
            var isWhole = Math.Floor(value) == value && value >= int.MinValue && value <= uint.MaxValue && !(value == 0 && 1 / value < 0);
            if (!isWhole) WriteBytes(output, 0xcb, (ulong)BitConverter.DoubleToInt64Bits(value), 8);
            else if (value >= -32 && value <= 127) output.WriteByte((byte)(sbyte)value);
            else if (value < 0) WriteBytes(output, 0xd2, (uint)(int)value, 4);
            else if (value <= 0xff) WriteBytes(output, 0xcc, (ulong)value, 1);
            else if (value <= 0xffff) WriteBytes(output, 0xcd, (ulong)value, 2);
            else WriteBytes(output, 0xce, (ulong)value, 4);
        }

        private static void WriteText(MemoryStream output, string text)
        {
            byte[] bytes;
            try
            {
                bytes = Utf8.GetBytes(text);
            }
            catch (EncoderFallbackException)
            {
                throw NotPlain("A string has half of a surrogate pair.");
            }
            WriteHead(output, bytes.Length, 0xa0, 31, 0xd9, 0xda, 0xdb);
            output.Write(bytes, 0, bytes.Length);
        }

        private static void WriteHead(MemoryStream output, int length, int small, int smallMax, byte tag8, byte tag16, byte tag32)
        {
            if (length <= smallMax) output.WriteByte((byte)(small | length));
            else if (length <= 0xff && tag8 != 0) WriteBytes(output, tag8, (ulong)length, 1);
            else if (length <= 0xffff) WriteBytes(output, tag16, (ulong)length, 2);
            else WriteBytes(output, tag32, (ulong)length, 4);
        }

        private static void WriteBytes(MemoryStream output, byte tag, ulong value, int count)
        {
            output.WriteByte(tag);
            for (var shift = 8 * (count - 1); shift >= 0; shift -= 8) output.WriteByte((byte)(value >> shift));
        }

        private static HoldfastException NotPlain(string message)
        {
            return new HoldfastException("bad-data", message);
        }

        private sealed class Reader
        {
            private readonly byte[] bytes;
            private readonly int end;

            public int At { get; private set; }

            public Reader(byte[] bytes, int start, int end)
            {
                this.bytes = bytes;
                this.end = end;
                At = start;
            }

            public object Value(int depth)
            {
                var tag = bytes[Take(1)];
                if (tag <= 0x7f) return (double)tag;
                if (tag <= 0x8f) return Map(tag & 0x0f, depth);
                if (tag <= 0x9f) return List(tag & 0x0f, depth);
                if (tag <= 0xbf) return Text(tag & 0x1f);
                if (tag >= 0xe0) return (double)(sbyte)tag;
                switch (tag)
                {
                    case 0xc0: return null;
                    case 0xc2: return false;
                    case 0xc3: return true;
                    case 0xc4: return Bytes((long)Unsigned(1));
                    case 0xc5: return Bytes((long)Unsigned(2));
                    case 0xc6: return Bytes((long)Unsigned(4));
                    case 0xca: return (double)Bits.ToFloat((uint)Unsigned(4));
                    case 0xcb: return BitConverter.Int64BitsToDouble((long)Unsigned(8));
                    case 0xcc: return (double)Unsigned(1);
                    case 0xcd: return (double)Unsigned(2);
                    case 0xce: return (double)Unsigned(4);
                    case 0xcf: return Safe(Unsigned(8));
                    case 0xd0: return (double)(sbyte)Unsigned(1);
                    case 0xd1: return (double)(short)Unsigned(2);
                    case 0xd2: return (double)(int)Unsigned(4);
                    case 0xd3: return Safe((long)Unsigned(8));
                    case 0xd9: return Text((long)Unsigned(1));
                    case 0xda: return Text((long)Unsigned(2));
                    case 0xdb: return Text((long)Unsigned(4));
                    case 0xdc: return List((long)Unsigned(2), depth);
                    case 0xdd: return List((long)Unsigned(4), depth);
                    case 0xde: return Map((long)Unsigned(2), depth);
                    case 0xdf: return Map((long)Unsigned(4), depth);
                    default: throw new MisfitException("A MessagePack value has an extension type or an unknown tag.");
                }
            }

            private Dictionary<string, object> Map(long count, int depth)
            {
                AssertRoom(count, depth);
                var map = new Dictionary<string, object>((int)count);
                for (; count > 0; count--)
                {
                    if (!(Value(depth + 1) is string key) || key == "__proto__") throw new MisfitException("A key is not a string, or it is __proto__.");
                    map[key] = Value(depth + 1);
                }
                return map;
            }

            private List<object> List(long count, int depth)
            {
                AssertRoom(count, depth);
                var list = new List<object>((int)count);
                for (; count > 0; count--) list.Add(Value(depth + 1));
                return list;
            }

            /// <summary>Refuses a count that exceeds the bytes that remain, because each child has at least one.</summary>
            private void AssertRoom(long count, int depth)
            {
                if (depth >= DepthReceivedMax) throw new MisfitException($"A MessagePack value has more than {DepthReceivedMax} levels.");
                if (count > end - At) throw new MisfitException("A count exceeds the bytes that remain.");
            }

            private static double Safe(double value)
            {
                return Math.Abs(value) <= SafeIntegerMax ? value : throw new MisfitException("An integer is beyond ±(2^53 - 1).");
            }

            private ulong Unsigned(int count)
            {
                var at = Take(count);
                ulong value = 0;
                for (var index = 0; index < count; index++) value = value << 8 | bytes[at + index];
                return value;
            }

            private string Text(long length)
            {
                return Strings.Decode(bytes, Take(length), (int)length);
            }

            private byte[] Bytes(long length)
            {
                var copy = new byte[length <= end - At ? length : 0];
                Array.Copy(bytes, Take(length), copy, 0, copy.Length);
                return copy;
            }

            private int Take(long count)
            {
                if (count > end - At) throw new MisfitException("A MessagePack value ends too early.");
                var at = At;
                At += (int)count;
                return at;
            }
        }
    }
}
