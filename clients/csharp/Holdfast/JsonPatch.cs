using System.Collections.Generic;
using System.Globalization;

namespace Holdfast
{
    /// <summary>RFC 6902 patches with the operations add, replace and remove, which Holdfast uses.</summary>
    internal static class JsonPatch
    {
        /// <summary>Returns the state after the patches. Copies what they change; <paramref name="state"/> stays as it is.</summary>
        /// <exception cref="MisfitException">a patch does not fit</exception>
        public static object Apply(object state, List<object> patches)
        {
            // Lists and maps that this call has copied, and may therefore change. Both compare by reference.
            var copies = new HashSet<object>();
            foreach (var item in patches)
            {
                var patch = item as Dictionary<string, object> ?? throw new MisfitException("A patch is no map.");
                string operation = patch.Text("op"), path = patch.Text("path");
                if (operation != "add" && operation != "replace" && operation != "remove") throw new MisfitException($"The operation {operation} is unknown.");
                if (path == "")
                {
                    state = operation == "remove" ? null : patch.Get("value");
                    continue;
                }
                var keys = path.Split('/');
                var parent = state = Own(state, copies);
                for (var at = 1; at < keys.Length; at++)
                {
                    var key = keys[at].Replace("~1", "/").Replace("~0", "~");
                    if (at == keys.Length - 1) Edit(parent, key, operation, patch.Get("value"));
                    else parent = OwnChild(parent, key, copies);
                }
            }
            return state;
        }

        private static object Own(object value, HashSet<object> copies)
        {
            if (copies.Contains(value)) return value;
            object copy = null;
            if (value is List<object> list) copy = new List<object>(list);
            else if (value is Dictionary<string, object> map) copy = new Dictionary<string, object>(map);
            if (copy == null) throw new MisfitException("A path leads through a value without children.");
            copies.Add(copy);
            return copy;
        }

        private static object OwnChild(object parent, string key, HashSet<object> copies)
        {
            if (parent is Dictionary<string, object> map && map.TryGetValue(key, out var child)) return map[key] = Own(child, copies);
            if (parent is List<object> list)
            {
                var index = Index(key, list.Count - 1);
                return list[index] = Own(list[index], copies);
            }
            throw new MisfitException($"There is no {key} in the state.");
        }

        private static void Edit(object parent, string key, string operation, object value)
        {
            if (parent is List<object> list) EditList(list, key, operation, value);
            else
            {
                var map = (Dictionary<string, object>)parent;
                if (key == "__proto__" || operation != "add" && !map.ContainsKey(key)) throw new MisfitException($"There is no {key} in the state.");
                if (operation == "remove") map.Remove(key);
                else map[key] = value;
            }
        }

        private static void EditList(List<object> list, string key, string operation, object value)
        {
            if (operation == "add") list.Insert(key == "-" ? list.Count : Index(key, list.Count), value);
            else if (operation == "remove") list.RemoveAt(Index(key, list.Count - 1));
            else if (key != "length") list[Index(key, list.Count - 1)] = value;
            else if (value is double length && length >= 0 && length <= list.Count) list.RemoveRange((int)length, list.Count - (int)length);
            else throw new MisfitException("The length of a list can only become smaller.");
        }

        private static int Index(string key, int max)
        {
            if (int.TryParse(key, NumberStyles.None, CultureInfo.InvariantCulture, out var index) && index <= max) return index;
            throw new MisfitException($"There is no place {key} in a list of the state.");
        }
    }
}
