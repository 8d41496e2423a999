using System.Collections.Generic;
using System.Linq;

/// <summary>The arguments of an example: URLs, and options with a value each.</summary>
public sealed class Arguments
{
    private readonly Dictionary<string, string> options = new Dictionary<string, string>();

    public Arguments(string[] args)
    {
        Urls = args.TakeWhile(arg => !arg.StartsWith("--")).ToArray();
        for (var at = Urls.Count; at + 1 < args.Length; at += 2) options[args[at]] = args[at + 1];
    }

    public IReadOnlyList<string> Urls { get; }

    public string Text(string name, string otherwise)
    {
        return options.ContainsKey(name) ? options[name] : otherwise;
    }

    public int Number(string name, int otherwise)
    {
        return options.ContainsKey(name) ? int.Parse(options[name]) : otherwise;
    }
}
