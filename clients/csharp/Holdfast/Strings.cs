using System;
using System.Collections.Generic;
using System.Text;

namespace Holdfast
{
    internal static class Strings
    {
        public static string Decode(byte[] bytes, int at, int length)
        {
            try
            {
                return MessagePack.Utf8.GetString(bytes, at, length);
            }
            catch (DecoderFallbackException)
            {
                throw new MisfitException("A string is not UTF-8.");
            }
        }

        /// <summary>Compares by code points, which is the order of the UTF-8 bytes: surrogates sort after all other code units.</summary>
        public static int Compare(string a, string b)
        {
            var length = Math.Min(a.Length, b.Length);
            for (var at = 0; at < length; at++)
            {
                if (a[at] == b[at]) continue;
                bool isPairA = char.IsSurrogate(a[at]), isPairB = char.IsSurrogate(b[at]);
                return isPairA == isPairB ? a[at] - b[at] : isPairA ? 1 : -1;
            }
            return a.Length - b.Length;
        }

        public static string[] SortedKeys(Dictionary<string, object> map)
        {
            var keys = new string[map.Count];
            map.Keys.CopyTo(keys, 0);
            Array.Sort(keys, Compare);
            return keys;
        }
    }
}
