using System;
using System.Collections.Generic;

namespace Holdfast
{
    /// <summary>The hash of a state, as docs/state-patch.md of Holdfast specifies it: MurmurHash3 (x86, 32 bits, seed 0).</summary>
    internal struct StateHash
    {
        private uint state;
        private uint words;

        public static uint Of(object value)
        {
            var hash = new StateHash();
            hash.MixValue(value);
            return hash.Finish();
        }

        private void MixValue(object value)
        {
            if (value == null) Mix(0);
            else if (value is bool flag) Mix(flag ? 2u : 1u);
            else if (value is double number)
            {
                var bits = (ulong)BitConverter.DoubleToInt64Bits(number);
                Mix(3);
                Mix((uint)(bits >> 32));
                Mix((uint)bits);
            }
            else if (value is string text)
            {
                Mix(4);
                MixText(text);
            }
            else if (value is List<object> list)
            {
                Mix(5);
                Mix((uint)list.Count);
                foreach (var item in list) MixValue(item);
            }
            else if (value is Dictionary<string, object> map)
            {
                var keys = Strings.SortedKeys(map);
                var keyHash = new StateHash();
                foreach (var key in keys) keyHash.MixText(key);
                Mix(6);
                Mix(keyHash.Finish());
                foreach (var key in keys) MixValue(map[key]);
            }
            else throw new MisfitException($"A {value.GetType().Name} cannot be part of a state.");
        }

        /// <summary>Mixes in one word for each code point, and then their number.</summary>
        private void MixText(string text)
        {
            uint count = 0;
            for (var at = 0; at < text.Length; at++, count++)
            {
                Mix((uint)char.ConvertToUtf32(text, at));
                if (char.IsHighSurrogate(text[at])) at++;
            }
            Mix(count);
        }

        private void Mix(uint word)
        {
            unchecked
            {
                var k = word * 0xcc9e2d51;
                state ^= (k << 15 | k >> 17) * 0x1b873593;
                state = (state << 13 | state >> 19) * 5 + 0xe6546b64;
                words++;
            }
        }

        private uint Finish()
        {
            unchecked
            {
                var hash = state ^ words * 4;
                hash = (hash ^ hash >> 16) * 0x85ebca6b;
                hash = (hash ^ hash >> 13) * 0xc2b2ae35;
                return hash ^ hash >> 16;
            }
        }
    }
}
