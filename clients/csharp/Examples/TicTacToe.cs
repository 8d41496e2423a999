using System;
using System.Collections.Generic;
using System.Linq;
using System.Security.Cryptography.X509Certificates;
using System.Threading.Tasks;
using Holdfast;

/// <summary>
/// Plays tic-tac-toe: takes the first free cell whenever it is its turn. <c>--help</c> lists its arguments.
/// </summary>
public static class TicTacToe
{
    private const string Usage = @"usage: TicTacToe URL [URL …] [options]

Plays one game of tic-tac-toe. Each URL is a gateway, such as ws://127.0.0.1:7000/play.

  --name NAME          the player (default CSharp)
  --room match|host|join
                       search for a match, host a room, or join one (default match)
  --think-ms N         wait this long before each move (default 200)
  --certificate FILE   trust the wss:// gateway with this certificate
  --help               show this help";

    private const string Game = "tic-tac-toe";

    public static void Main(string[] args)
    {
        var options = new Arguments(args, Usage, "--name", "--room", "--think-ms", "--certificate");
        var way = options.Choice("--room", "match", "host", "join");
        var thinkMs = options.Number("--think-ms", 200);
        EventLoop.RunAndExit(() => Play(options, way, thinkMs));
    }

    private static async Task Play(Arguments options, string way, int thinkMs)
    {
        var connect = new ConnectOptions { Urls = options.Urls, Name = options.Text("--name", "CSharp") };
        var file = options.Text("--certificate", null);
        if (file != null)
        {
            var trusted = X509Certificate.CreateFromCertFile(file).GetRawCertData();
            connect.Trust = (_, certificate, chain, errors) => certificate.GetRawCertData().SequenceEqual(trusted);
        }
        var session = await Session.Connect(connect);
        session.StatusChanged += status => Console.WriteLine("connection " + status.ToString().ToLowerInvariant());
        var room = await Enter(session, way);
        room.PausedBy += reason => Console.WriteLine("paused " + reason);
        await room.WaitFor(one => one.State != null);
        Console.WriteLine($"room {room.Id} seat {room.Seat}");
        while (true)
        {
            await room.WaitFor(one => IsOver(one) || one.Status == RoomStatus.Playing && Equals(Board(one)["turn"], (double?)one.Seat));
            if (IsOver(room)) break;
            await Task.Delay(thinkMs);
            // The own move may have ended the game, which the state does not show.
            if (room.Status != RoomStatus.Playing) continue;
            var cell = Cells(room).IndexOf(null);
            try
            {
                await room.Send("place", new Dictionary<string, object> { { "cell", cell } });
                Console.WriteLine("placed " + cell);
            }
            catch (HoldfastException error)
            {
                Console.WriteLine("refused " + error.Code);
            }
        }
        Console.WriteLine("cells " + Json.Write(Cells(room)));
        Console.WriteLine("result " + Json.Write(room.Result));
        session.Close();
    }

    /// <summary>Searches for a match, hosts a room, or joins the first room of the list.</summary>
    private static async Task<Room> Enter(Session session, string way)
    {
        if (way == "match") return await session.QuickMatch(Game);
        if (way == "host") return await Host(session);
        List<object> rooms;
        var free = new Dictionary<string, object> { { "min", 1 } };
        var filter = new Dictionary<string, object> { { "status", "waiting" }, { "free", free } };
        var query = new Dictionary<string, object> { { "game", Game }, { "filter", filter } };
        while ((rooms = await session.Rooms(query)).Count == 0) await Task.Delay(500);
        var room = await session.JoinRoom((string)((Dictionary<string, object>)rooms[0])["id"]);
        await room.Ready();
        return room;
    }

    /// <summary>Creates a room, and starts the game when another player is in it and ready.</summary>
    private static async Task<Room> Host(Session session)
    {
        var room = await session.CreateRoom(Game, new Dictionary<string, object> { { "name", "Room of " + session.Name } });
        Console.WriteLine("created " + room.Id);
        await room.WaitFor(one => Members(one).Any(member => (bool)member["ready"] && (string)member["user"] != session.User));
        await room.Start();
        return room;
    }

    private static IEnumerable<Dictionary<string, object>> Members(Room room)
    {
        return ((List<object>)room.View["members"]).Cast<Dictionary<string, object>>();
    }

    private static bool IsOver(Room room)
    {
        return room.Status == RoomStatus.Ended || room.Status == RoomStatus.Left;
    }

    private static Dictionary<string, object> Board(Room room)
    {
        return (Dictionary<string, object>)room.State;
    }

    private static List<object> Cells(Room room)
    {
        return (List<object>)Board(room)["cells"];
    }
}
