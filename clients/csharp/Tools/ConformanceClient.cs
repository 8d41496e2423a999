using System;
using System.Collections.Generic;
using System.Threading.Tasks;
using Holdfast;

/// <summary>The client under test of <c>npm run conformance</c>: conformance/README.md describes its lines on stdin and stdout.</summary>
public static class ConformanceClient
{
    private static Session session;

    public static void Main(string[] urls)
    {
        EventLoop.RunAndExit(async () =>
        {
            while (true)
            {
                var line = await Task.Run(() => Console.In.ReadLine());
                if (line == null) return;
                Answer((Dictionary<string, object>)Json.Read(line), urls);
            }
        });
    }

    private static async void Answer(Dictionary<string, object> line, string[] urls)
    {
        var answer = new Dictionary<string, object> { { "id", line["id"] } };
        try
        {
            answer["result"] = await Act(line, urls);
        }
        catch (HoldfastException error)
        {
            answer["error"] = Fields("code", error.Code, "message", error.Message);
        }
        Console.WriteLine(Json.Write(answer));
    }

    private static async Task<object> Act(Dictionary<string, object> line, string[] urls)
    {
        switch ((string)line["do"])
        {
            case "connect":
                return await Connect(line, urls);
            case "request":
                return await Opened.Request((string)line["operation"], Field(line, "data"));
            case "command":
                await OpenedRoom.Send((string)line["name"], Field(line, "data"));
                return null;
            case "input":
                return OpenedRoom.HoldInput(Field(line, "data"));
            case "close":
                Opened.Close();
                return null;
            case "detach":
                Opened.Detach();
                return null;
            default:
                throw new HoldfastException("bad-data", "There is no such instruction.");
        }
    }

    private static Session Opened => session ?? throw new HoldfastException("hello-first", "Send a line with connect first.");

    private static Room OpenedRoom => Opened.Room ?? throw new HoldfastException("not-in-room");

    private static async Task<object> Connect(Dictionary<string, object> line, string[] urls)
    {
        var options = new ConnectOptions { Urls = urls, Name = (string)Field(line, "name"), Token = (string)Field(line, "token") };
        if (line.ContainsKey("session")) options.Credentials = new Credentials((string)line["session"], (string)line["secret"]);
        session = await Session.Connect(options);
        session.StatusChanged += status => Say("status", "status", status.ToString().ToLowerInvariant());
        session.Closed += error => Say("closed", "code", error?.Code);
        session.RoomChanged += room =>
        {
            if (room == null) Say("room", "room", null);
            else Watch(room);
        };
        if (session.Room != null) Watch(session.Room);
        return Fields("session", session.Id, "user", session.User, "name", session.Name);
    }

    private static void Watch(Room room)
    {
        Say("room", "room", room.Id);
        room.ViewChanged += view => Say("view", "view", view);
        room.Placed += () => Say("placed", "room", room.Id, "seat", room.Seat, "players", room.Players);
        room.PlayersChanged += players => Say("players", "players", players);
        room.Synced += sync => Say("state", "version", sync.Version, "state", sync.State, "time", sync.TimeMs, "input", sync.Input);
        room.Emitted += one => Say("event", "version", one.Version, "name", one.Name, "data", one.Data);
        room.Missed += () => Say("missed");
        room.Rewound += (from, to) => Say("rewound", "from", from, "to", to);
        room.PausedBy += reason => Say("paused", "reason", reason);
        room.ResumedBy += reason => Say("resumed", "reason", reason);
        room.Ended += result => Say("ended", "reason", Field(result, "reason"), "result", Field(result, "result"));
        room.Left += reason => Say("left", "reason", reason);
    }

    private static object Field(Dictionary<string, object> line, string name)
    {
        object value;
        return line.TryGetValue(name, out value) ? value : null;
    }

    private static void Say(string name, params object[] pairs)
    {
        var fields = Fields(pairs);
        fields["event"] = name;
        Console.WriteLine(Json.Write(fields));
    }

    private static Dictionary<string, object> Fields(params object[] pairs)
    {
        var fields = new Dictionary<string, object>();
        for (var at = 0; at < pairs.Length; at += 2) fields[(string)pairs[at]] = pairs[at + 1];
        return fields;
    }
}
