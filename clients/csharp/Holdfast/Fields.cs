using System.Collections.Generic;

namespace Holdfast
{
    internal static class Fields
    {
        /// <summary>Returns a field, or null when it is absent.</summary>
        public static object Get(this Dictionary<string, object> fields, string name)
        {
            return fields != null && fields.TryGetValue(name, out var value) ? value : null;
        }

        /// <summary>Returns a number. Throws <see cref="MisfitException"/> when it is absent.</summary>
        public static double Number(this Dictionary<string, object> fields, string name)
        {
            return fields.Get(name) is double number ? number : throw new MisfitException($"The field {name} is no number.");
        }

        public static string Text(this Dictionary<string, object> fields, string name)
        {
            return fields.Get(name) as string ?? throw new MisfitException($"The field {name} is no string.");
        }
    }
}
