using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;

/// <summary>
/// The arguments of an example: URLs of gateways, and options with a value each. <c>--help</c> prints the usage and ends the process with
/// exit code 0. Wrong arguments end it with the usage, the problem and exit code 2.
/// </summary>
public sealed class Arguments
{
    private readonly Dictionary<string, string> options = new Dictionary<string, string>();
    private readonly string usage;

    /// <param name="args">The arguments of the process.</param>
    /// <param name="usage">What <c>--help</c> prints.</param>
    /// <param name="known">The names of the allowed options.</param>
    public Arguments(string[] args, string usage, params string[] known)
    {
        this.usage = usage;
        if (args.Contains("--help") || args.Contains("-h"))
        {
            Console.WriteLine(usage);
            Environment.Exit(0);
        }
        var urls = new List<string>();
        for (var at = 0; at < args.Length; at++)
        {
            var name = args[at];
            if (!name.StartsWith("-", StringComparison.Ordinal))
            {
                urls.Add(name);
                continue;
            }
            if (!known.Contains(name)) Refuse($"{name} is not an option. The options are {string.Join(", ", known)} and --help.");
            if (at + 1 == args.Length || args[at + 1].StartsWith("--", StringComparison.Ordinal)) Refuse($"{name} needs a value.");
            options[name] = args[++at];
        }
        if (urls.Count == 0) Refuse("The URL of a gateway is missing, such as ws://127.0.0.1:7000/play.");
        Urls = urls;
    }

    public IReadOnlyList<string> Urls { get; }

    public string Text(string name, string otherwise)
    {
        return options.ContainsKey(name) ? options[name] : otherwise;
    }

    public int Number(string name, int otherwise)
    {
        if (!options.ContainsKey(name)) return otherwise;
        if (!int.TryParse(options[name], NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            Refuse($"{name} is {options[name]}: it must be a whole number from 0 to {int.MaxValue}.");
        return number;
    }

    /// <summary>Returns the value of an option that must be one of these choices. The first choice is the default.</summary>
    public string Choice(string name, params string[] choices)
    {
        var value = Text(name, choices[0]);
        if (!choices.Contains(value)) Refuse($"{name} is {value}: it must be one of {string.Join(", ", choices)}.");
        return value;
    }

    private void Refuse(string problem)
    {
        Console.Error.WriteLine(usage);
        Console.Error.WriteLine();
        Console.Error.WriteLine(problem);
        Environment.Exit(2);
    }
}
