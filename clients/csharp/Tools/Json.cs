using System;
using System.Collections;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text;

/// <summary>Reads and writes JSON as plain values: doubles, <c>List&lt;object&gt;</c> and <c>Dictionary&lt;string, object&gt;</c>.</summary>
public static class Json
{
    public static string Write(object value)
    {
        if (value == null) return "null";
        if (value is bool) return (bool)value ? "true" : "false";
        if (value is string) return Quoted((string)value);
        if (value is IDictionary<string, object>)
            return "{" + string.Join(", ", ((IDictionary<string, object>)value).Select(field => Quoted(field.Key) + ": " + Write(field.Value))) + "}";
        if (value is IEnumerable) return "[" + string.Join(", ", ((IEnumerable)value).Cast<object>().Select(Write)) + "]";
        var number = Convert.ToDouble(value, CultureInfo.InvariantCulture);
        return Math.Abs(number) < 1e15 && Math.Floor(number) == number
            ? ((long)number).ToString(CultureInfo.InvariantCulture)
            : number.ToString("R", CultureInfo.InvariantCulture);
    }

    public static object Read(string text)
    {
        var at = 0;
        var value = Value(text, ref at);
        Skip(text, ref at);
        if (at != text.Length) throw new FormatException("Text is left over behind JSON.");
        return value;
    }

    private static string Quoted(string text)
    {
        var output = new StringBuilder("\"");
        foreach (var unit in text)
        {
            if (unit == '"' || unit == '\\') output.Append('\\').Append(unit);
            else if (unit < 0x20 || unit > 0x7e) output.Append("\\u").Append(((int)unit).ToString("x4"));
            else output.Append(unit);
        }
        return output.Append('"').ToString();
    }

    private static object Value(string text, ref int at)
    {
        Skip(text, ref at);
        switch (text[at])
        {
            case '{': return Map(text, ref at);
            case '[': return List(text, ref at);
            case '"': return Text(text, ref at);
            case 't': return Word(text, ref at, "true", true);
            case 'f': return Word(text, ref at, "false", false);
            case 'n': return Word(text, ref at, "null", null);
            default: return Number(text, ref at);
        }
    }

    private static Dictionary<string, object> Map(string text, ref int at)
    {
        var map = new Dictionary<string, object>();
        for (var more = Opens(text, ref at, '}'); more; more = Continues(text, ref at, '}'))
        {
            Skip(text, ref at);
            var key = Text(text, ref at);
            Skip(text, ref at);
            if (text[at++] != ':') throw new FormatException("A colon is missing in JSON.");
            map[key] = Value(text, ref at);
        }
        return map;
    }

    private static List<object> List(string text, ref int at)
    {
        var list = new List<object>();
        for (var more = Opens(text, ref at, ']'); more; more = Continues(text, ref at, ']')) list.Add(Value(text, ref at));
        return list;
    }

    private static bool Opens(string text, ref int at, char end)
    {
        at++;
        Skip(text, ref at);
        if (text[at] != end) return true;
        at++;
        return false;
    }

    private static bool Continues(string text, ref int at, char end)
    {
        Skip(text, ref at);
        var unit = text[at++];
        if (unit != ',' && unit != end) throw new FormatException("A comma is missing in JSON.");
        return unit == ',';
    }

    private static string Text(string text, ref int at)
    {
        var output = new StringBuilder();
        for (at++; text[at] != '"'; at++)
        {
            if (text[at] != '\\')
            {
                output.Append(text[at]);
                continue;
            }
            at++;
            var special = "bfnrt".IndexOf(text[at]);
            if (text[at] == 'u')
            {
                output.Append((char)int.Parse(text.Substring(at + 1, 4), NumberStyles.HexNumber));
                at += 4;
            }
            else output.Append(special >= 0 ? "\b\f\n\r\t"[special] : text[at]);
        }
        at++;
        return output.ToString();
    }

    private static object Word(string text, ref int at, string word, object value)
    {
        if (string.CompareOrdinal(text, at, word, 0, word.Length) != 0) throw new FormatException("A word in JSON is unknown.");
        at += word.Length;
        return value;
    }

    private static object Number(string text, ref int at)
    {
        var start = at;
        while (at < text.Length && "+-.eE0123456789".IndexOf(text[at]) >= 0) at++;
        return double.Parse(text.Substring(start, at - start), NumberStyles.Float, CultureInfo.InvariantCulture);
    }

    private static void Skip(string text, ref int at)
    {
        while (at < text.Length && char.IsWhiteSpace(text[at])) at++;
    }
}
