using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;

namespace Holdfast
{
    public enum SessionStatus { Connecting, Open, Reconnecting, Closed }

    /// <summary>
    /// A logged-in player. A session survives its connections: when one is lost, the client opens another, at the next gateway. All members
    /// are for one thread: the one that called <see cref="Connect"/>, on which events are raised as well.
    /// </summary>
    public sealed class Session : IUplinkListener, IRoomLine
    {
        /// <summary>Attempts to find out where the player is after an answer was lost.</summary>
        private const int LostTriesMax = 3;

        private readonly Dictionary<string, object> login = new Dictionary<string, object>();
        private readonly TaskCompletionSource<bool> opened = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly Uplink uplink;
        private readonly Requests requests;
        private Search search;
        /// <summary>The room of the last `placed` on this connection, to which compact syncs belong.</summary>
        private string placedRoom;
        private int roomChanges;

        /// <summary>A search for a match. It ends when the session enters another room of its game.</summary>
        private sealed class Search
        {
            public Dictionary<string, object> Wish;
            public string Before;
            public string Ticket;
            public int Finds;
            public int Unanswered;
            public readonly TaskCompletionSource<Room> Found = new TaskCompletionSource<Room>(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        private Session(ConnectOptions options)
        {
            if (options.Name != null) login["name"] = options.Name;
            if (options.Token != null) login["token"] = options.Token;
            Credentials = options.Credentials;
            uplink = new Uplink(options, this);
            requests = new Requests(uplink.Send);
        }

        public string Id { get; private set; } = "";

        public string User { get; private set; } = "";

        public string Name { get; private set; } = "";

        public SessionStatus Status { get; private set; } = SessionStatus.Connecting;

        /// <summary>The room of the player. Null: the player is in no room.</summary>
        public Room Room { get; private set; }

        /// <summary>What resumes this session in another run. <see cref="CredentialsChanged"/> reports each new secret.</summary>
        public Credentials Credentials { get; private set; }

        public event Action<SessionStatus> StatusChanged;

        public event Action<Room> RoomChanged;

        public event Action<Credentials> CredentialsChanged;

        /// <summary>Messages about the search for a match, of chats and of lists of rooms, as docs/protocol.md describes them.</summary>
        public event Action<Dictionary<string, object>> Received;

        /// <summary>A message of this client without an id was refused.</summary>
        public event Action<HoldfastException> Refused;

        /// <summary>The session has ended. Null: this client closed it.</summary>
        public event Action<HoldfastException> Closed;

        /// <summary>Opens a session at the first of the gateways that answers.</summary>
        /// <exception cref="HoldfastException">the refusal of the gateway, or <c>unavailable</c> when no gateway could be reached</exception>
        public static async Task<Session> Connect(ConnectOptions options)
        {
            if (SynchronizationContext.Current == null)
                throw new InvalidOperationException("This thread has no SynchronizationContext: call Connect on the main thread of your engine, or inside EventLoop.Run.");
            if (options.Urls == null || options.Urls.Count == 0) throw new HoldfastException("bad-data", "Give the URL of at least one gateway.");
            var session = new Session(options);
            session.uplink.Start();
            await session.opened.Task;
            return session;
        }

        /// <summary>Sends one of the requests of docs/protocol.md and returns the data of its response.</summary>
        /// <exception cref="HoldfastException">the refusal</exception>
        public async Task<object> Request(string operation, object data = null, double moreMs = 0)
        {
            if (Status == SessionStatus.Closed) throw new HoldfastException("session-unknown", "This session is closed.");
            var result = await requests.Ask(operation, data, moreMs);
            // A view in a response may arrive before the same view as a message.
            var view = (result as Dictionary<string, object>).Get("room") as Dictionary<string, object>;
            if (view != null && Room?.Id == view.Get("id") as string) Room?.Look(view);
            return result;
        }

        /// <summary>Returns the games, each with <c>name</c> and <c>seats</c>.</summary>
        public async Task<List<object>> Games()
        {
            return (List<object>)((Dictionary<string, object>)await Request("games.list"))["games"];
        }

        /// <summary>Returns public rooms. The query may have <c>game</c>, <c>limit</c>, <c>filter</c> and <c>sort</c>.</summary>
        public async Task<List<object>> Rooms(Dictionary<string, object> query = null)
        {
            return (List<object>)((Dictionary<string, object>)await Request("rooms.list", query))["rooms"];
        }

        public Task<Room> CreateRoom(string game, Dictionary<string, object> settings = null)
        {
            return EnterBy("rooms.create", With(settings, "game", game));
        }

        /// <summary>Joins a room by its id. Null with an address that has <c>code</c>: by its invite code.</summary>
        public Task<Room> JoinRoom(string room, Dictionary<string, object> address = null)
        {
            return EnterBy("rooms.join", room == null ? With(address, null, null) : With(address, "room", room));
        }

        public Task<Room> WatchRoom(string room, Dictionary<string, object> address = null)
        {
            return EnterBy("rooms.watch", room == null ? With(address, null, null) : With(address, "room", room));
        }

        /// <summary>Searches for a match, also over several connections, and returns its room.</summary>
        /// <exception cref="HoldfastException"><c>not-searching</c> when the server ends the search without a match</exception>
        public async Task<Room> QuickMatch(string game, Dictionary<string, object> conditions = null, CancellationToken cancel = default(CancellationToken))
        {
            if (search != null) throw new HoldfastException("busy", "You are already searching for a match. Cancel that search first.", true);
            var mine = new Search { Wish = With(conditions, "game", game), Before = Room?.Id };
            search = mine;
            Find(mine);
            try
            {
                using (cancel.Register(() => mine.Found.TrySetCanceled(), true)) return await mine.Found.Task;
            }
            catch (OperationCanceledException) when (Status != SessionStatus.Closed)
            {
                search = null;
                // Enters the room of a match that was made before the search was cancelled.
                var room = await WhereNow(int.MaxValue);
                if (room != null && room.Game == game && room.Id != mine.Before) return room;
                throw;
            }
            finally
            {
                if (search == mine) search = null;
            }
        }

        /// <summary>Ends the session, and gives up its seat.</summary>
        public void Close()
        {
            if (Status == SessionStatus.Closed) return;
            uplink.Stop(Codec.Bye());
            Over(null);
        }

        /// <summary>Closes the connection. The session can be resumed with its credentials.</summary>
        public void Detach()
        {
            if (Status == SessionStatus.Closed) return;
            uplink.Stop(null);
            Over(null);
        }

        // ── The connection ──────────────────────────────────────────────────────────────────────────────────────

        Dictionary<string, object> IUplinkListener.Hello()
        {
            if (Credentials == null) return login;
            var fields = new Dictionary<string, object> { { "session", Credentials.Session }, { "secret", Credentials.Secret } };
            if (Room == null || !Room.IsInPlay || Room.Version < 0) return fields;
            fields["room"] = Room.Id;
            fields["round"] = Room.Round;
            fields["version"] = Room.Version;
            fields["epoch"] = Room.VersionEpoch;
            return fields;
        }

        void IUplinkListener.Welcomed(Dictionary<string, object> welcome)
        {
            Id = welcome.Text("session");
            User = welcome.Text("user");
            Name = welcome.Text("name");
            Credentials = new Credentials(Id, welcome.Text("secret"));
            Listeners.Call(() => CredentialsChanged?.Invoke(Credentials));
            Become(SessionStatus.Open);
            requests.Repeat();
            if (search != null) SearchAgain(search);
            opened.TrySetResult(true);
        }

        void IUplinkListener.Lost(bool isFaulty)
        {
            Become(SessionStatus.Reconnecting);
            placedRoom = null;
            requests.Lost();
            Room?.Detached(isFaulty);
        }

        void IUplinkListener.Ended(HoldfastException error)
        {
            // The session of an earlier run may have expired. With a name or a token, the player starts a new one.
            if (!opened.Task.IsCompleted && error.Code == "session-unknown" && Credentials != null && login.Count > 0)
            {
                Credentials = null;
                uplink.Start();
            }
            else Over(error);
        }

        private void Over(HoldfastException error)
        {
            var reason = error ?? new HoldfastException("session-unknown", "The session was closed.");
            Become(SessionStatus.Closed);
            opened.TrySetException(reason);
            requests.FailAll(reason);
            search?.Found.TrySetException(reason);
            LeaveRoom(reason.Code, reason);
            Listeners.Call(() => Closed?.Invoke(error));
        }

        private void Become(SessionStatus status)
        {
            if (Status == status) return;
            Status = status;
            Listeners.Call(() => StatusChanged?.Invoke(status));
        }

        // ── Messages ────────────────────────────────────────────────────────────────────────────────────────────

        void IUplinkListener.Received(CompactSync sync)
        {
            if (Room != null && placedRoom == Room.Id) Room.Take(sync);
        }

        void IUplinkListener.Received(Dictionary<string, object> message)
        {
            switch (message.Text("kind"))
            {
                case "response":
                    requests.Answered(message);
                    return;
                case "room":
                    if (message.Get("room") is Dictionary<string, object> view) Enter(view);
                    else LeaveRoom(message.Get("reason") as string, null);
                    return;
                case "placed":
                    placedRoom = message.Text("room");
                    RoomOf(placedRoom, message.Text("game")).Take(message);
                    return;
                case "rejected":
                    Room?.Take(message);
                    return;
                case "sync":
                case "players":
                case "paused":
                case "resumed":
                case "ended":
                    if (Room != null && message.Text("room") == Room.Id) Room.Take(message);
                    return;
                case "match":
                    TakeMatch(message);
                    return;
                case "error":
                    Listeners.Call(() => Refused?.Invoke(HoldfastException.Of(message)));
                    return;
                case "chat":
                case "rooms":
                    Listeners.Call(() => Received?.Invoke(message));
                    return;
            }
        }

        /// <summary>Makes the room of this view the current room, and returns it.</summary>
        private Room Enter(Dictionary<string, object> view)
        {
            var room = Room?.Id == view.Text("id") ? Room : ChangeTo(view);
            room.Look(view);
            if (search != null && (string)search.Wish["game"] == view.Text("game") && search.Before != room.Id) search.Found.TrySetResult(room);
            return room;
        }

        private void LeaveRoom(string reason, HoldfastException error)
        {
            var room = Room;
            if (room == null) return;
            room.Quit(reason, error);
            Forget(room);
        }

        /// <summary>Returns the room with this id. A <c>placed</c> may arrive before the lobby's view of the room.</summary>
        private Room RoomOf(string id, string game)
        {
            if (Room?.Id == id) return Room;
            return ChangeTo(new Dictionary<string, object>
            {
                { "id", id }, { "game", game }, { "name", "" }, { "status", "playing" }, { "rev", -1.0 }, { "owner", "" }, { "seats", 0.0 }, { "members", new List<object>() },
            });
        }

        private Room ChangeTo(Dictionary<string, object> view)
        {
            var before = Room;
            var room = new Room(view, this);
            Room = room;
            roomChanges += 1;
            before?.Quit("other-room", null);
            room.Left += _ => Forget(room);
            Listeners.Call(() => RoomChanged?.Invoke(room));
            return room;
        }

        private void Forget(Room room)
        {
            if (Room != room) return;
            Room = null;
            roomChanges += 1;
            Listeners.Call(() => RoomChanged?.Invoke(null));
        }

        // ── Entering a room ─────────────────────────────────────────────────────────────────────────────────────

        /// <summary>Enters a room. When the answer is lost, the session first finds out whether the player is in the room.</summary>
        private async Task<Room> EnterBy(string operation, Dictionary<string, object> data)
        {
            var before = Room?.Id;
            try
            {
                return Enter((Dictionary<string, object>)((Dictionary<string, object>)await Request(operation, data))["room"]);
            }
            catch (HoldfastException error) when (error.Code == "server-lost")
            {
                Room room = null;
                try
                {
                    room = await WhereNow(LostTriesMax);
                }
                catch (HoldfastException)
                {
                    // Nobody knows where the player is. The first error says why.
                }
                var wanted = data.Get("room") as string;
                if (room != null && (wanted == null ? room.Id != before : room.Id == wanted)) return room;
                throw;
            }
        }

        /// <summary>Returns the room of the player, once no earlier request can change it any more. Null: the player is in no room.</summary>
        private async Task<Room> WhereNow(int triesMax)
        {
            var me = await Requests.UntilAnswered(async () =>
            {
                try
                {
                    await Request("match.cancel");
                }
                catch (HoldfastException error) when (error.Code == "overtaken")
                {
                    // The server has executed a later request, so no earlier one can take effect any more.
                }
                return await EnterCurrent();
            }, triesMax);
            if (me.Item1 == null && search != null) Find(search);
            return me.Item1;
        }

        /// <summary>
        /// Asks where the player is, and enters that room. Asks again when the player has changed the room meanwhile. Returns the room and
        /// the game of the player's search.
        /// </summary>
        private async Task<Tuple<Room, string>> EnterCurrent()
        {
            while (true)
            {
                var changes = roomChanges;
                var me = (Dictionary<string, object>)await Request("me");
                if (changes != roomChanges) continue;
                var view = me.Get("room") as Dictionary<string, object>;
                var room = view == null ? null : Enter(view);
                return Tuple.Create(room, me.Get("searching") as string);
            }
        }

        // ── Matchmaking ─────────────────────────────────────────────────────────────────────────────────────────

        private async void Find(Search one)
        {
            one.Finds += 1;
            one.Unanswered += 1;
            var number = one.Finds;
            try
            {
                var answer = (Dictionary<string, object>)await Request("match.find", one.Wish);
                one.Unanswered -= 1;
                if (search != one) return;
                var view = answer.Get("room") as Dictionary<string, object>;
                if (view != null) Enter(view);
                else one.Ticket = answer.Get("ticket") as string;
            }
            catch (HoldfastException error)
            {
                one.Unanswered -= 1;
                // After a lost connection the client asks the server, when it is connected, whether it has the search.
                if (error.Code != "server-lost" && one.Finds == number) one.Found.TrySetException(error);
            }
        }

        private void TakeMatch(Dictionary<string, object> message)
        {
            var isEnd = message.Get("event") as string == "cancelled" || message.Get("event") as string == "expired";
            if (isEnd && search != null && search.Ticket == message.Get("ticket") as string)
            {
                search.Ticket = null;
                var reason = message.Get("reason") as string;
                if (reason == "lost") Find(search);
                else search.Found.TrySetException(new HoldfastException("not-searching", $"The search for a match has ended: {reason}."));
            }
            Listeners.Call(() => Received?.Invoke(message));
        }

        /// <summary>Compares the search with the server after a new connection.</summary>
        private async void SearchAgain(Search one)
        {
            if (one.Unanswered > 0) return;
            try
            {
                var me = await Requests.UntilAnswered(EnterCurrent);
                if (me.Item1 == null && me.Item2 == null && search == one && one.Unanswered == 0) Find(one);
            }
            catch (HoldfastException error)
            {
                one.Found.TrySetException(error);
            }
        }

        private static Dictionary<string, object> With(Dictionary<string, object> fields, string name, object value)
        {
            var all = fields == null ? new Dictionary<string, object>() : new Dictionary<string, object>(fields);
            if (name != null) all[name] = value;
            return all;
        }

        // ── What the room uses ──────────────────────────────────────────────────────────────────────────────────

        bool IRoomLine.Send(byte[] frame)
        {
            return uplink.Send(frame);
        }

        bool IRoomLine.IsCongested => uplink.IsCongested;

        bool IRoomLine.IsProbing => uplink.IsProbing;

        void IRoomLine.Resync(string reason)
        {
            uplink.Faulty(reason);
        }

        void IRoomLine.Probe()
        {
            uplink.Probe();
        }
    }
}
