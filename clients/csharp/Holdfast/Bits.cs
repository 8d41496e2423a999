using System;

namespace Holdfast
{
    internal static class Bits
    {
        public static float ToFloat(uint bits)
        {
            return BitConverter.ToSingle(BitConverter.GetBytes(bits), 0);
        }

        public static uint OfFloat(float value)
        {
            return BitConverter.ToUInt32(BitConverter.GetBytes(value), 0);
        }
    }
}
