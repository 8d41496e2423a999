using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Holdfast;

/// <summary>Holds the codecs of this client against the vectors of the folder that is its argument. Exits with 1 when one differs.</summary>
public static class VectorTests
{
    private static int tests;
    private static int failures;

    public static int Main(string[] args)
    {
        var patches = Read(args[0], "patches.json");
        foreach (var one in List(patches, "patches"))
        {
            var bytes = Bytes(one["patch"]);
            Expect(one["name"], one["after"], () => StatePatch.Apply(one["before"], bytes, 0, bytes.Length));
        }
        foreach (var one in List(patches, "values")) Expect("a value", one["value"], () => StatePatch.DecodeValue(Bytes(one["bytes"]), 0, Bytes(one["bytes"]).Length));
        foreach (var one in List(patches, "hashes")) Expect("a hash", one["hash"], () => (double)StateHash.Of(one["value"]));
        foreach (var one in List(patches, "refused")) Refuse(one["name"], () => StatePatch.Apply(one["before"], Bytes(one["patch"]), 0, Bytes(one["patch"]).Length));

        var syncs = Read(args[0], "syncs.json");
        foreach (var one in List(syncs, "syncs")) Expect(one["name"], one["after"], () => new CompactSync(Bytes(one["frame"])).Next(one["before"], (long)(double)one["held"]));
        foreach (var one in List(syncs, "misfits")) Refuse(one["name"], () => new CompactSync(Bytes(one["frame"])).Next(one["before"], (long)(double)one["held"]));
        foreach (var one in List(syncs, "malformed")) Refuse(one["name"], () => new CompactSync(Bytes(one["frame"])));

        var frames = Read(args[0], "frames.json");
        foreach (var one in List(frames, "toPlayer"))
        {
            var message = (Dictionary<string, object>)one["message"];
            if ((string)message["kind"] != "compact") Expect(message["kind"], message, () => Codec.Decode(Bytes(one["frame"])));
        }
        foreach (var one in List(frames, "fromPlayer"))
        {
            var message = (Dictionary<string, object>)one["message"];
            if ((string)message["kind"] != "ack") Expect(message["kind"], one["frame"], () => Hex(Encoded(message)));
        }
        foreach (var one in List(frames, "malformed")) Refuse(one["name"], () => Codec.Decode(Bytes(one["frame"])));

        foreach (var session in List(Read(args[0], "sessions.json"), "sessions")) Play(session);
        Console.WriteLine($"{tests} vectors, {failures} failed");
        return failures == 0 ? 0 : 1;
    }

    private static void Play(Dictionary<string, object> session)
    {
        object state = null;
        long version = -1;
        foreach (var step in List(session, "steps"))
        {
            var says = step.Get("fromPlayer") as Dictionary<string, object>;
            if (says != null) Expect(session["name"], step["frame"], () => Hex(Encoded(says)));
            if (step.ContainsKey("state")) Expect(session["name"], step["state"], () => state);
            if (!step.ContainsKey("toPlayer")) continue;
            var frame = Bytes(step["frame"]);
            if (frame[0] == Codec.CompactKind)
            {
                var sync = new CompactSync(frame);
                state = sync.Next(state, version);
                version = sync.Version;
                continue;
            }
            var message = Codec.Decode(frame);
            Expect(session["name"], step["toPlayer"], () => message);
            if ((string)message["kind"] != "sync") continue;
            state = message.ContainsKey("state") ? message["state"] : JsonPatch.Apply(state, (List<object>)message["patches"]);
            version = (long)message.Number("version");
        }
    }

    private static byte[] Encoded(Dictionary<string, object> message)
    {
        var data = message.Get("data");
        switch ((string)message["kind"])
        {
            case "hello":
                return Codec.Hello(message.Where(field => field.Key != "kind").ToDictionary(field => field.Key, field => field.Value));
            case "request":
                return Codec.Request((uint)message.Number("id"), message.Text("operation"), data);
            case "command":
                return Codec.Command((uint)message.Number("seq"), (uint)message.Number("settled"), message.Text("name"), data);
            case "input":
                return Codec.Input((uint)message.Number("number"), data);
            case "ping":
                return Codec.Ping((uint)message.Number("nonce"));
            default:
                return Codec.Bye();
        }
    }

    private static Dictionary<string, object> Read(string folder, string name)
    {
        return (Dictionary<string, object>)Json.Read(File.ReadAllText(Path.Combine(folder, name)));
    }

    private static List<Dictionary<string, object>> List(Dictionary<string, object> from, string name)
    {
        return ((List<object>)from[name]).Cast<Dictionary<string, object>>().ToList();
    }

    private static void Expect(object name, object expected, Func<object> actual)
    {
        tests += 1;
        try
        {
            var found = actual();
            if (IsEqual(expected, found)) return;
            Fail(name, $"expected {Json.Write(expected)}, found {Json.Write(found)}");
        }
        catch (MisfitException error)
        {
            Fail(name, error.Message);
        }
    }

    private static void Refuse(object name, Func<object> act)
    {
        tests += 1;
        try
        {
            Fail(name, $"expected a refusal, found {Json.Write(act())}");
        }
        catch (MisfitException)
        {
            // As it should be.
        }
    }

    private static void Fail(object name, string reason)
    {
        failures += 1;
        Console.WriteLine($"FAILED {name}: {reason}");
    }

    private static bool IsEqual(object a, object b)
    {
        var map = a as Dictionary<string, object>;
        if (map != null)
        {
            var other = b as Dictionary<string, object>;
            return other != null && map.Count == other.Count && map.All(field => other.ContainsKey(field.Key) && IsEqual(field.Value, other[field.Key]));
        }
        var list = a as List<object>;
        if (list == null) return Equals(a, b);
        var others = b as List<object>;
        return others != null && list.Count == others.Count && list.Zip(others, IsEqual).All(isEqual => isEqual);
    }

    private static byte[] Bytes(object hex)
    {
        var text = (string)hex;
        return Enumerable.Range(0, text.Length / 2).Select(index => Convert.ToByte(text.Substring(2 * index, 2), 16)).ToArray();
    }

    private static string Hex(byte[] bytes)
    {
        return string.Concat(bytes.Select(one => one.ToString("x2")));
    }
}
