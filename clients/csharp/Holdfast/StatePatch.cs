using System;
using System.Collections.Generic;

namespace Holdfast
{
    /// <summary>The decoder of compact state patches, as docs/state-patch.md of Holdfast specifies them.</summary>
    internal static class StatePatch
    {
        private const int DepthMax = 500;
        private const int Enter = 0, Set = 1, Insert = 2, Remove = 3, Again = 4, Run = 5, Add = 6, Step32 = 11, Step64 = 12, Splice = 13, Flip = 14;
        private static readonly double[] Scales = { 1, 10, 100, 1000, 10000 };

        /// <summary>Returns the value after the patch. Does not change <paramref name="before"/>, and shares what stays equal.</summary>
        /// <exception cref="MisfitException">the bytes are malformed, or the patch is for another value</exception>
        public static object Apply(object before, byte[] bytes, int start, int end)
        {
            if (start == end) return before;
            var operations = new ByteReader(bytes, start, end);
            var length = operations.Varint();
            if (length > end - operations.At) throw new MisfitException("A patch ends within its operations.");
            operations.End = operations.At + (int)length;
            var values = new ValueReader(bytes, operations.End, end);
            var after = length == 0 ? values.Value(before, 0) : EditChildren(operations, values, before, 0);
            if (operations.At != operations.End || values.At != values.End) throw new MisfitException("Bytes are left over behind a patch.");
            return after;
        }

        /// <summary>Returns the value of a whole state.</summary>
        public static object DecodeValue(byte[] bytes, int start, int end)
        {
            var values = new ValueReader(bytes, start, end);
            var value = values.Value(null, 0);
            if (values.At != values.End) throw new MisfitException("Bytes are left over behind a state.");
            return value;
        }

        /// <summary>Reads the operations on the children of one parent.</summary>
        private sealed class Cursor
        {
            public int Kind = -1;
            /// <summary>The position of the old child on which the operation acts.</summary>
            public int Index;
            /// <summary>The number of children with this operation.</summary>
            public long Count;
            public bool IsLast;
            /// <summary>The position of the operations inside the last ENTER.</summary>
            public int Body = -1;

            public void Read(ByteReader operations, int children)
            {
                var head = operations.Byte();
                IsLast = (head & 8) != 0;
                long gap = head & 7;
                if (gap == 7) gap += operations.Varint();
                if (head >> 4 == Run)
                {
                    if (Kind < 0) throw new MisfitException("An operation is repeated before the first one.");
                    if (Kind == Enter) Kind = Again;
                    Count = gap + 1;
                    return;
                }
                Kind = head >> 4;
                if (gap > children - Index) throw new MisfitException("A child is edited that is not there.");
                Index += (int)gap;
                Count = 1;
                if (Kind == Enter) Body = operations.At;
                else if (Kind == Again && Body < 0) throw new MisfitException("Edits are repeated before the first ones.");
            }
        }

        private static object EditChildren(ByteReader operations, ValueReader values, object before, int depth)
        {
            if (depth >= DepthMax) throw new MisfitException($"A value has more than {DepthMax} levels.");
            if (before is List<object> list) return EditList(operations, values, list, depth);
            if (before is Dictionary<string, object> map) return EditMap(operations, values, map, depth);
            throw new MisfitException("A value without children is edited.");
        }

        private static List<object> EditList(ByteReader operations, ValueReader values, List<object> before, int depth)
        {
            var after = new List<object>(before.Count);
            var copied = 0;
            var cursor = new Cursor();
            while (!cursor.IsLast)
            {
                cursor.Read(operations, before.Count);
                after.AddRange(before.GetRange(copied, cursor.Index - copied));
                copied = cursor.Index;
                for (; cursor.Count > 0; cursor.Count--)
                {
                    if (cursor.Kind == Insert)
                    {
                        after.Add(values.Value(before.Count == 0 ? null : before[Math.Max(cursor.Index - 1, 0)], depth + 1));
                        continue;
                    }
                    if (cursor.Index >= before.Count) throw new MisfitException("An item is edited that is not there.");
                    var old = before[cursor.Index++];
                    copied = cursor.Index;
                    if (cursor.Kind != Remove) after.Add(Edit(cursor, operations, values, old, depth));
                }
            }
            after.AddRange(before.GetRange(copied, before.Count - copied));
            return after;
        }

        private static Dictionary<string, object> EditMap(ByteReader operations, ValueReader values, Dictionary<string, object> before, int depth)
        {
            var keys = Strings.SortedKeys(before);
            var after = new Dictionary<string, object>(before);
            var cursor = new Cursor();
            while (!cursor.IsLast)
            {
                cursor.Read(operations, keys.Length);
                for (; cursor.Count > 0; cursor.Count--)
                {
                    if (cursor.Kind == Insert)
                    {
                        var added = values.Text();
                        // A key that was removed before is refused, too: `before` has it.
                        if (added == "__proto__" || before.ContainsKey(added) || after.ContainsKey(added))
                            throw new MisfitException("A key is added that exists already, or that is __proto__.");
                        after[added] = values.Value(keys.Length == 0 ? null : before[keys[0]], depth + 1);
                        continue;
                    }
                    if (cursor.Index >= keys.Length) throw new MisfitException("A key is edited that is not there.");
                    var key = keys[cursor.Index++];
                    if (cursor.Kind == Remove) after.Remove(key);
                    else after[key] = Edit(cursor, operations, values, before[key], depth);
                }
            }
            return after;
        }

        private static object Edit(Cursor cursor, ByteReader operations, ValueReader values, object before, int depth)
        {
            switch (cursor.Kind)
            {
                case Enter:
                    return EditChildren(operations, values, before, depth + 1);
                case Again:
                    var at = operations.At;
                    operations.At = cursor.Body;
                    var after = EditChildren(operations, values, before, depth + 1);
                    operations.At = at;
                    return after;
                case Set:
                    return values.Value(before, depth + 1);
                case Flip:
                    return before is bool flag ? !flag : throw new MisfitException("A value that is no boolean is negated.");
                case Splice:
                    return before is string text ? Spliced(text, values) : throw new MisfitException("A value that is no string is edited as one.");
            }
            if (cursor.Kind < Add || cursor.Kind > Step64) throw new MisfitException("An operation is unknown.");
            if (!(before is double number)) throw new MisfitException("A number is added to a value that is none.");
            var steps = values.Zigzag();
            if (cursor.Kind == Step32) return ValueReader.Finite(Bits.ToFloat(unchecked(Bits.OfFloat((float)number) + (uint)steps)));
            if (cursor.Kind == Step64) return ValueReader.Finite(BitConverter.Int64BitsToDouble(unchecked(BitConverter.DoubleToInt64Bits(number) + steps)));
            var scale = Scales[cursor.Kind - Add];
            return ValueReader.Finite((Math.Floor(number * scale + 0.5) + steps) / scale);
        }

        private static string Spliced(string before, ValueReader values)
        {
            long startCount = values.Varint(), endCount = values.Varint();
            if (startCount + endCount > before.Length) throw new MisfitException("More characters are kept than the string has.");
            var start = before.Substring(0, (int)startCount);
            var end = before.Substring(before.Length - (int)endCount);
            if (!IsAscii(start) || !IsAscii(end)) throw new MisfitException("Characters are kept that are not ASCII.");
            return start + values.Text() + end;
        }

        private static bool IsAscii(string text)
        {
            foreach (var unit in text)
            {
                if (unit >= 0x80) return false;
            }
            return true;
        }

        private class ByteReader
        {
            protected readonly byte[] bytes;
            public int At;
            public int End;

            public ByteReader(byte[] bytes, int at, int end)
            {
                this.bytes = bytes;
                At = at;
                End = end;
            }

            public int Byte()
            {
                return bytes[Take(1)];
            }

            public int Take(long count)
            {
                if (count > End - At) throw new MisfitException("A patch ends too early.");
                var at = At;
                At += (int)count;
                return at;
            }

            public long Varint()
            {
                long value = 0;
                for (var shift = 0; shift <= 49; shift += 7)
                {
                    var part = Byte();
                    value |= (long)(part & 0x7f) << shift;
                    if (part < 0x80) return value <= 9007199254740991 ? value : throw new MisfitException("An integer is too large.");
                }
                throw new MisfitException("An integer has too many bytes.");
            }

            public long Zigzag()
            {
                var value = Varint();
                return value >> 1 ^ -(value & 1);
            }
        }

        private sealed class ValueReader : ByteReader
        {
            /// <summary>The key lists of this message, in their order.</summary>
            private readonly List<string[]> keyLists = new List<string[]>();

            public ValueReader(byte[] bytes, int at, int end) : base(bytes, at, end) { }

            /// <summary>Reads a string with its tag.</summary>
            public string Text()
            {
                var tag = Byte();
                if (tag >= 0x80 && tag < 0xa0) return TextOf(tag - 0x80);
                if (tag != 0xe7) throw new MisfitException("A string is expected.");
                return TextOf(Varint());
            }

            public object Value(object model, int depth)
            {
                var tag = Byte();
                if (tag < 0x80) return (double)tag;
                if (tag < 0xa0) return TextOf(tag - 0x80);
                if (tag < 0xb0) return Items(tag - 0xa0, model, depth);
                if (tag < 0xc0) return (double)(0xaf - tag);
                if (tag < 0xd0) return Record(NewKeys(tag - 0xc0), model, depth);
                if (tag < 0xe0) return Record(KnownKeys(tag - 0xd0), model, depth);
                switch (tag)
                {
                    case 0xe0: return null;
                    case 0xe1: return false;
                    case 0xe2: return true;
                    case 0xe3: return (double)Varint();
                    case 0xe4: return -1.0 - Varint();
                    case 0xe5: return Finite(Bits.ToFloat((uint)Unsigned(4)));
                    case 0xe6: return Finite(BitConverter.Int64BitsToDouble((long)Unsigned(8)));
                    case 0xe7: return TextOf(Varint());
                    case 0xe8: return Items(Varint(), model, depth);
                    case 0xe9: return Record(NewKeys(Varint()), model, depth);
                    case 0xea: return Record(KnownKeys(Varint()), model, depth);
                    case 0xeb:
                        if (!(model is Dictionary<string, object> map)) throw new MisfitException("A value has the keys of a model that is no object.");
                        return Record(Strings.SortedKeys(map), model, depth);
                }
                if (tag < 0xf1 || tag > 0xf4) throw new MisfitException("A value has an unknown tag.");
                return Zigzag() / Scales[tag - 0xf0];
            }

            /// <summary>Returns the number. Refuses NaN, the infinities and -0, which plain data cannot have.</summary>
            public static double Finite(double value)
            {
                if (double.IsNaN(value) || double.IsInfinity(value) || value == 0 && 1 / value < 0) throw new MisfitException("A number is not finite, or is -0.");
                return value;
            }

            private List<object> Items(long count, object model, int depth)
            {
                AssertRoom(count, depth);
                var first = model is List<object> models && models.Count > 0 ? models[0] : null;
                var items = new List<object>((int)count);
                for (; count > 0; count--) items.Add(Value(first, depth + 1));
                return items;
            }

            private Dictionary<string, object> Record(string[] keys, object model, int depth)
            {
                AssertRoom(keys.Length, depth);
                var models = model as Dictionary<string, object>;
                var record = new Dictionary<string, object>(keys.Length);
                foreach (var key in keys) record[key] = Value(models.Get(key), depth + 1);
                return record;
            }

            private string[] NewKeys(long count)
            {
                AssertRoom(count, 0);
                var keys = new string[count];
                for (var index = 0; index < count; index++)
                {
                    keys[index] = Text();
                    if (keys[index] == "__proto__" || index > 0 && Strings.Compare(keys[index - 1], keys[index]) >= 0)
                        throw new MisfitException("Keys are not sorted, or a key is __proto__.");
                }
                keyLists.Add(keys);
                return keys;
            }

            private string[] KnownKeys(long index)
            {
                return index < keyLists.Count ? keyLists[(int)index] : throw new MisfitException("There is no such key list.");
            }

            /// <summary>Refuses a count that exceeds the bytes that remain, because each child has at least one.</summary>
            private void AssertRoom(long count, int depth)
            {
                if (depth >= DepthMax) throw new MisfitException($"A value has more than {DepthMax} levels.");
                if (count > End - At) throw new MisfitException("A count exceeds the bytes that remain.");
            }

            private string TextOf(long length)
            {
                return Strings.Decode(bytes, Take(length), (int)length);
            }

            private ulong Unsigned(int count)
            {
                var at = Take(count);
                ulong value = 0;
                for (var index = 0; index < count; index++) value = value << 8 | bytes[at + index];
                return value;
            }
        }
    }
}
