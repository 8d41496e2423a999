using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading.Tasks;
using Holdfast;

/// <summary>
/// Steers a ship of the arena: it flies towards the nearest other ship, and shoots when that ship is ahead. <c>--help</c> lists its
/// arguments.
/// </summary>
public static class ArenaPilot
{
    private const string Usage = @"usage: ArenaPilot URL [URL …] [options]

Steers a ship of the arena. Each URL is a gateway, such as ws://127.0.0.1:7000/play.

  --name NAME      the player (default CSharp)
  --seconds N      stop after this time (default 60)
  --help           show this help";

    /// <summary>Direction 0 points right, and the numbers grow clockwise.</summary>
    private const double Directions = 128;

    private const double Gone = 0;

    public static void Main(string[] args)
    {
        var options = new Arguments(args, Usage, "--name", "--seconds");
        var seconds = options.Number("--seconds", 60);
        EventLoop.RunAndExit(() => Fly(options, seconds));
    }

    private static async Task Fly(Arguments options, int seconds)
    {
        var session = await Session.Connect(new ConnectOptions { Urls = options.Urls, Name = options.Text("--name", "CSharp") });
        session.StatusChanged += status => Console.WriteLine("connection " + status.ToString().ToLowerInvariant());
        var room = await session.QuickMatch("arena");
        room.PausedBy += reason => Console.WriteLine("paused " + reason);
        room.Rewound += (from, to) => Console.WriteLine($"rewound {from} {to}");
        room.Synced += sync => Steer(room, sync);
        Console.WriteLine("room " + room.Id);
        try
        {
            await room.WaitFor(one => one.Status == RoomStatus.Ended || one.Status == RoomStatus.Left, 1000.0 * seconds);
        }
        catch (HoldfastException error)
        {
            if (error.Code != "timed-out") throw;
        }
        Console.WriteLine("result " + Json.Write(room.Result));
        session.Close();
    }

    /// <summary>Decides after each state what to hold down, and prints the own ship once per second.</summary>
    private static void Steer(Room room, Sync sync)
    {
        var state = (Dictionary<string, object>)sync.State;
        var ships = ((List<object>)state["ships"]).Cast<Dictionary<string, object>>().ToList();
        var own = ships.FirstOrDefault(ship => Number(ship, "seat") == room.Seat);
        if (own == null) return;
        if (Number(state, "step") % 20 == 0) Console.WriteLine($"step {state["step"]} input {sync.Input} x {own["x"]} y {own["y"]} fired {own["fired"]}");
        var target = ships.Where(ship => ship != own && Number(ship, "status") != Gone).OrderBy(ship => Distance(own, ship)).FirstOrDefault();
        var off = target == null ? 0 : DirectionOff(own, target);
        room.HoldInput(new Dictionary<string, object>
        {
            { "turn", Math.Abs(off) <= 2 ? 0 : Math.Sign(off) },
            { "thrust", true },
            { "fire", target != null && Number(own, "status") != Gone && Math.Abs(off) < 5 },
        });
    }

    private static double Distance(Dictionary<string, object> a, Dictionary<string, object> b)
    {
        return Math.Sqrt(Math.Pow(Number(a, "x") - Number(b, "x"), 2) + Math.Pow(Number(a, "y") - Number(b, "y"), 2));
    }

    /// <summary>Returns by how many directions the ship must turn to look at the target: from -64 to 64, negative to the left.</summary>
    private static double DirectionOff(Dictionary<string, object> own, Dictionary<string, object> target)
    {
        var angle = Math.Atan2(Number(target, "y") - Number(own, "y"), Number(target, "x") - Number(own, "x"));
        var off = (angle / (2 * Math.PI) * Directions - Number(own, "heading")) % Directions;
        if (off < 0) off += Directions;
        return off > Directions / 2 ? off - Directions : off;
    }

    private static double Number(Dictionary<string, object> fields, string name)
    {
        return (double)fields[name];
    }
}
