using System;
using System.Collections.Generic;
using System.Linq;
using System.Security.Cryptography.X509Certificates;
using System.Threading.Tasks;
using Holdfast;

/// <summary>
/// Plays tic-tac-toe against whoever searches for a match: takes the first free cell whenever it is its turn. Its arguments are gateways,
/// and perhaps <c>--name Ada</c>, <c>--think-ms 200</c>, and <c>--certificate FILE</c> to trust the <c>wss://</c> gateway with this certificate.
/// </summary>
public static class TicTacToe
{
    public static void Main(string[] args)
    {
        EventLoop.Run(() => Play(new Arguments(args)));
    }

    private static async Task Play(Arguments options)
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
        var room = await session.QuickMatch("tic-tac-toe");
        room.PausedBy += reason => Console.WriteLine("paused " + reason);
        await room.WaitFor(one => one.State != null);
        Console.WriteLine($"room {room.Id} seat {room.Seat}");
        while (true)
        {
            await room.WaitFor(one => IsOver(one) || one.Status == RoomStatus.Playing && Equals(Board(one)["turn"], (double?)one.Seat));
            if (IsOver(room)) break;
            await Task.Delay(options.Number("--think-ms", 200));
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
