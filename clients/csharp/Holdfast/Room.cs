using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading.Tasks;

namespace Holdfast
{
    public enum RoomStatus { Waiting, Starting, Playing, Paused, Ended, Left }

    /// <summary>A new state.</summary>
    public sealed class Sync
    {
        public long Version { get; internal set; }

        public object State { get; internal set; }

        /// <summary>The room time in ms. Null: the server has not sent it.</summary>
        public double? TimeMs { get; internal set; }

        /// <summary>The number of the latest own input that the state contains. Null: the server has not sent it.</summary>
        public uint? Input { get; internal set; }
    }

    /// <summary>An event of the game.</summary>
    public sealed class GameEvent
    {
        public long Version { get; internal set; }

        public string Name { get; internal set; }

        public object Data { get; internal set; }
    }

    /// <summary>A room of this player, and the game that is played in it. <see cref="Session"/> creates it.</summary>
    public sealed class Room
    {
        /// <summary>
        /// The lobby and the server of the game both report the end of a game, and only the second knows the result. The room waits this
        /// long for it.
        /// </summary>
        private const double EndedGraceMs = 500;

        /// <summary>After this time without an answer to a command the connection is probed; after twice this time the command is repeated.</summary>
        private const double AnswerMs = 1500;

        /// <summary>Delay before the commands after a refused one are repeated. By then all of them are answered.</summary>
        private const double AgainMs = 20;

        private readonly IRoomLine line;
        private readonly Outbox outbox = new Outbox();
        private readonly List<Action> watchers = new List<Action>();
        private HeldInput input;
        private SyncTime syncTime = new SyncTime();
        private double epoch;
        private double rewindOfEpoch;
        private double rewindTo = -1;
        private long eventVersion = -1;
        private bool isAttached;
        private bool isFromOldOwner;
        private bool isBackInLobby;
        private Later endedTimer;
        private Later answerTimer;
        private Later againTimer;
        private uint? againFrom;

        internal Room(Dictionary<string, object> view, IRoomLine line)
        {
            this.line = line;
            View = view;
            Status = PhaseOf(view);
            input = new HeldInput(SendInput);
        }

        /// <summary>The lobby's view of the room: <c>members</c>, <c>owner</c>, <c>status</c> and so on.</summary>
        public Dictionary<string, object> View { get; private set; }

        public string Id => View.Text("id");

        public string Game => View.Text("game");

        public RoomStatus Status { get; private set; }

        /// <summary>
        /// The state as this player may see it: null, bool, double, string, <c>List&lt;object&gt;</c> and
        /// <c>Dictionary&lt;string, object&gt;</c>. Treat it as constant: the next state shares parts with it.
        /// </summary>
        public object State { get; private set; }

        /// <summary>The version of the state. -1: there is none yet.</summary>
        public long Version { get; private set; } = -1;

        /// <summary>The seat of this player, from 0. Null: a spectator.</summary>
        public int? Seat { get; private set; }

        /// <summary>The players of the game, each with <c>seat</c> and <c>name</c>.</summary>
        public List<object> Players { get; private set; } = new List<object>();

        /// <summary>How the last game ended: <c>reason</c> and <c>result</c>.</summary>
        public Dictionary<string, object> Result { get; private set; }

        /// <summary>The number of the game in this room.</summary>
        public double Round { get; private set; }

        /// <summary>The number of commands without an answer.</summary>
        public int Unanswered => outbox.Count;

        internal double VersionEpoch { get; private set; }

        internal bool IsInPlay => Status == RoomStatus.Playing || Status == RoomStatus.Paused;

        /// <summary>The state is another one.</summary>
        public event Action<object> Changed;

        /// <summary>A sync was applied, also one without a change.</summary>
        public event Action<Sync> Synced;

        /// <summary>An event of the game, once and in order.</summary>
        public event Action<GameEvent> Emitted;

        /// <summary>Events are lost, because the player was away for too long.</summary>
        public event Action Missed;

        /// <summary>A game runs, or goes on over a new connection.</summary>
        public event Action Placed;

        public event Action<List<object>> PlayersChanged;

        /// <summary>The game has no server at the moment, with the reason.</summary>
        public event Action<string> PausedBy;

        public event Action<string> ResumedBy;

        /// <summary>The game was rewound from a version that the player had to an earlier one.</summary>
        public event Action<long, long> Rewound;

        public event Action<Dictionary<string, object>> Ended;

        public event Action<Dictionary<string, object>> ViewChanged;

        /// <summary>The player is not in this room any more, with the reason.</summary>
        public event Action<string> Left;

        /// <summary>
        /// Sends a command to the game at once. The task completes with its answer. The command is applied exactly once, or refused, also
        /// when connections and servers are lost meanwhile.
        /// </summary>
        /// <exception cref="HoldfastException">the refusal</exception>
        public Task Send(string name, object data = null)
        {
            if (Status == RoomStatus.Left) throw new HoldfastException("not-in-room");
            if (Status == RoomStatus.Ended) throw new HoldfastException("game-ended");
            if (!IsInPlay) throw new HoldfastException("room-not-playing");
            if (Seat == null) throw new HoldfastException("spectator");
            var seq = outbox.Add(name, data, out var answer);
            SendFrom(seq);
            AwaitAnswers(false);
            return answer;
        }

        /// <summary>
        /// Says what the player holds down, in games with steps. Call it for each change, at most once per step of the game. The room
        /// repeats the input once per second and after an interruption.
        /// </summary>
        /// <returns>the number of the input; null: the game does not run, and the input is sent when it goes on</returns>
        public uint? HoldInput(object data)
        {
            return input.Hold(data);
        }

        public async Task Ready(bool isReady = true)
        {
            LookAtAnswer(await line.Request("rooms.ready", new Dictionary<string, object> { { "ready", isReady } }, 0));
        }

        public async Task Rematch()
        {
            LookAtAnswer(await line.Request("rooms.rematch", null, 0));
        }

        /// <summary>Starts the game, for the host.</summary>
        /// <param name="waitMs">how long to wait for a free server</param>
        public async Task Start(double waitMs = 0)
        {
            var data = new Dictionary<string, object>();
            if (waitMs > 0) data["waitMs"] = waitMs;
            LookAtAnswer(await line.Request("rooms.start", data, waitMs));
        }

        public async Task Leave()
        {
            await line.Request("rooms.leave", null, 0);
            Quit("left", null);
        }

        /// <summary>Waits until the condition holds.</summary>
        /// <exception cref="HoldfastException"><c>timed-out</c>, or <c>not-in-room</c> when the player leaves the room</exception>
        public async Task WaitFor(Func<Room, bool> condition, double timeoutMs = double.PositiveInfinity)
        {
            var done = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
            Action look = () =>
            {
                try
                {
                    if (condition(this)) done.TrySetResult(true);
                    else if (Status == RoomStatus.Left) done.TrySetException(new HoldfastException("not-in-room"));
                }
                catch (Exception error)
                {
                    done.TrySetException(error);
                }
            };
            var limit = Later.Run(timeoutMs, () => done.TrySetException(new HoldfastException("timed-out", "The condition did not become true in time.")));
            watchers.Add(look);
            look();
            try
            {
                await done.Task;
            }
            finally
            {
                watchers.Remove(look);
                limit.Cancel();
            }
        }

        // ── Input from the session ──────────────────────────────────────────────────────────────────────────────

        /// <summary>Takes a view of the room from the lobby. Older views are ignored.</summary>
        internal void Look(Dictionary<string, object> view)
        {
            if (Status == RoomStatus.Left || view.Number("rev") < View.Number("rev")) return;
            View = view;
            var isWaiting = view.Text("status") == "waiting";
            if (isWaiting) isBackInLobby = true;
            if (IsInPlay) DoubtWhetherInPlay(view);
            // After a game, a view counts only once the lobby has reported `waiting`. An older one may still name that game.
            else if (Status != RoomStatus.Ended || isBackInLobby && !isWaiting) Status = PhaseOf(view);
            Listeners.Call(() => ViewChanged?.Invoke(view));
            Updated();
        }

        internal void Take(Dictionary<string, object> frame)
        {
            if (Status == RoomStatus.Left) return;
            if (frame.Text("kind") == "placed") TakePlaced(frame);
            else if (!isFromOldOwner) TakeFromOwner(frame);
            Updated();
        }

        internal void Take(CompactSync sync)
        {
            if (Status == RoomStatus.Left || isFromOldOwner) return;
            object state;
            try
            {
                state = sync.Next(State, Version);
            }
            catch (MisfitException error)
            {
                Misfit(error.Message);
                return;
            }
            var time = syncTime.Take(sync.Version, sync.Base, sync.Time, sync.Elapsed);
            input.Sampled(sync.Input);
            Advance(state, sync.Version, sync.Seq, sync.Base == null, sync.Events, sync.Missed, time, sync.Input);
            Updated();
        }

        /// <summary>The connection is lost.</summary>
        /// <param name="isFaulty">a message could not be applied, so the next hello asks for the whole state</param>
        internal void Detached(bool isFaulty)
        {
            if (isFaulty) Version = -1;
            isAttached = false;
            isFromOldOwner = false;
            Pause("connection-lost");
            Updated();
        }

        internal void Quit(string reason, HoldfastException error)
        {
            if (Status == RoomStatus.Left) return;
            endedTimer?.Cancel();
            answerTimer?.Cancel();
            againTimer?.Cancel();
            input.Stop();
            Status = RoomStatus.Left;
            isAttached = false;
            outbox.RefuseAll(error ?? new HoldfastException("not-in-room"));
            Listeners.Call(() => Left?.Invoke(reason));
            Updated();
        }

        private void TakeFromOwner(Dictionary<string, object> frame)
        {
            switch (frame.Text("kind"))
            {
                case "sync":
                    TakeSync(frame);
                    return;
                case "players":
                    Players = (List<object>)frame["players"];
                    Listeners.Call(() => PlayersChanged?.Invoke(Players));
                    return;
                case "rejected":
                    var seq = (uint)frame.Number("seq");
                    var error = HoldfastException.Of(frame);
                    outbox.Rejected(seq, error);
                    // A gateway refused the command, so the room never received it, and has ignored the commands after it. They are
                    // repeated with a `settled` that includes the refused one.
                    if (error.Retry) SendSoonFrom(seq + 1);
                    return;
                case "paused":
                    isAttached = false;
                    Pause(frame.Text("reason"));
                    return;
                case "resumed":
                    Attach();
                    Resume(frame.Text("reason"));
                    return;
                case "ended":
                    End(frame.Where(field => field.Key == "reason" || field.Key == "result" || field.Key == "message").ToDictionary(field => field.Key, field => field.Value));
                    return;
            }
        }

        private void TakePlaced(Dictionary<string, object> frame)
        {
            isFromOldOwner = frame.Number("epoch") < epoch;
            if (isFromOldOwner) return;
            endedTimer?.Cancel();
            if (frame.Number("round") != Round) End(View.Get("lastResult") as Dictionary<string, object> ?? Abandoned());
            if (IsInPlay) outbox.Align((uint)frame.Number("seq"));
            else Begin((uint)frame.Number("seq"));
            epoch = frame.Number("epoch");
            Round = frame.Number("round");
            Seat = (int?)(frame.Get("seat") as double?);
            Players = (List<object>)frame["players"];
            Attach();
            if (frame.Get("rewound") is Dictionary<string, object> rewind) TakeRewind((long)rewind.Number("from"), (long)rewind.Number("to"));
            if (Status == RoomStatus.Paused) Resume("placed");
            Status = RoomStatus.Playing;
            Listeners.Call(() => Placed?.Invoke());
        }

        private void Begin(uint seq)
        {
            Result = null;
            isBackInLobby = false;
            State = null;
            Version = -1;
            eventVersion = -1;
            syncTime = new SyncTime();
            input.Stop();
            input = new HeldInput(SendInput);
            outbox.Restart(seq, new HoldfastException("game-ended"));
            Status = RoomStatus.Playing;
        }

        /// <summary>Reports a rewind once, although a server may repeat it until the new state arrives.</summary>
        private void TakeRewind(long from, long to)
        {
            if (Version < 0 || rewindOfEpoch == VersionEpoch && rewindTo == to) return;
            rewindOfEpoch = VersionEpoch;
            rewindTo = to;
            eventVersion = Math.Min(eventVersion, to);
            Listeners.Call(() => Rewound?.Invoke(from, to));
        }

        // ── Syncs ───────────────────────────────────────────────────────────────────────────────────────────────

        private void TakeSync(Dictionary<string, object> frame)
        {
            var version = (long)frame.Number("version");
            var from = frame.Get("from") as double?;
            var isWhole = !frame.ContainsKey("patches");
            object state;
            try
            {
                if (isWhole) state = frame.Get("state");
                else if (from != Version) throw new MisfitException($"A sync leads from {from}, but the client has {Version}.");
                else state = JsonPatch.Apply(State, frame["patches"] as List<object> ?? throw new MisfitException("The patches are no array."));
            }
            catch (MisfitException error)
            {
                Misfit(error.Message);
                return;
            }
            syncTime.Take(version, (long?)from, null, null);
            var events = frame.Get("events") as List<object> ?? new List<object>();
            Advance(state, version, frame.Number("seq"), isWhole, events, Equals(frame.Get("missed"), true), null, null);
        }

        private void Misfit(string reason)
        {
            Version = -1;
            line.Resync($"a sync does not fit: {reason}");
        }

        private void Advance(object state, long version, double seq, bool isWhole, List<object> events, bool isMissed, double? time, uint? inputNumber)
        {
            var before = State;
            State = state;
            Version = version;
            VersionEpoch = epoch;
            // A whole state of an earlier version is the beginning of another history.
            if (isWhole && version < eventVersion) eventVersion = -1;
            outbox.Settle(seq);
            if (isMissed) Listeners.Call(() => Missed?.Invoke());
            Listeners.Call(() => Synced?.Invoke(new Sync { Version = version, State = state, TimeMs = time, Input = inputNumber }));
            if (!ReferenceEquals(state, before)) Listeners.Call(() => Changed?.Invoke(state));
            foreach (var one in events.OfType<Dictionary<string, object>>())
            {
                var happened = new GameEvent { Version = (long)one.Number("version"), Name = one.Text("name"), Data = one.Get("data") };
                if (happened.Version > eventVersion) Listeners.Call(() => Emitted?.Invoke(happened));
            }
            eventVersion = Math.Max(eventVersion, version);
        }

        // ── Commands and inputs ─────────────────────────────────────────────────────────────────────────────────

        private void Attach()
        {
            isAttached = true;
            Repeat();
            input.Repeat();
        }

        private void Repeat()
        {
            if (!isAttached) return;
            foreach (var frame in outbox.Repeat()) line.Send(frame);
        }

        private void SendFrom(uint seq)
        {
            if (!isAttached) return;
            foreach (var frame in outbox.FramesFrom(seq)) line.Send(frame);
        }

        /// <summary>Schedules one repeat for a burst of refusals.</summary>
        private void SendSoonFrom(uint seq)
        {
            if (againFrom != null)
            {
                againFrom = Math.Min(againFrom.Value, seq);
                return;
            }
            againFrom = seq;
            againTimer = Later.Run(AgainMs, () =>
            {
                var first = againFrom ?? 0;
                againFrom = null;
                SendFrom(first);
            });
        }

        private bool SendInput(byte[] frame)
        {
            return isAttached && Seat != null && !line.IsCongested && line.Send(frame);
        }

        /// <summary>
        /// Probes the connection when a command has no answer: it is dead, or only the command was lost. When the probe is answered and the
        /// command is not, all commands are repeated.
        /// </summary>
        private void AwaitAnswers(bool isProbed)
        {
            var oldest = outbox.Oldest;
            if (oldest == null || answerTimer != null) return;
            answerTimer = Later.Run(AnswerMs, () =>
            {
                answerTimer = null;
                var isUnanswered = outbox.Oldest == oldest;
                var isWaiting = isUnanswered && isProbed && line.IsProbing;
                if (isUnanswered && isProbed && !isWaiting) Repeat();
                else if (isUnanswered && !isProbed && isAttached) line.Probe();
                AwaitAnswers(isWaiting || isUnanswered && !isProbed);
            });
        }

        // ── Phases ──────────────────────────────────────────────────────────────────────────────────────────────

        private void Pause(string reason)
        {
            if (Status != RoomStatus.Playing) return;
            Status = RoomStatus.Paused;
            Listeners.Call(() => PausedBy?.Invoke(reason));
        }

        private void Resume(string reason)
        {
            if (Status != RoomStatus.Paused) return;
            Status = RoomStatus.Playing;
            Listeners.Call(() => ResumedBy?.Invoke(reason));
        }

        private void End(Dictionary<string, object> result)
        {
            endedTimer?.Cancel();
            if (!IsInPlay) return;
            Status = RoomStatus.Ended;
            isAttached = false;
            input.Stop();
            Result = result;
            outbox.RefuseAll(new HoldfastException("game-ended", "The game ended before this command was answered."));
            Listeners.Call(() => Ended?.Invoke(result));
        }

        /// <summary>Ends the game soon when the lobby reports that none is played, and no <c>ended</c> has arrived by then.</summary>
        private void DoubtWhetherInPlay(Dictionary<string, object> view)
        {
            endedTimer?.Cancel();
            if (PhaseOf(view) == RoomStatus.Starting) return;
            endedTimer = Later.Run(EndedGraceMs, () =>
            {
                End(view.Get("lastResult") as Dictionary<string, object> ?? Abandoned());
                Updated();
            });
        }

        private void LookAtAnswer(object answer)
        {
            if ((answer as Dictionary<string, object>).Get("room") is Dictionary<string, object> view) Look(view);
        }

        private void Updated()
        {
            foreach (var look in watchers.ToArray()) look();
        }

        /// <summary>A room counts as playing only after its <c>placed</c>. Until then a room with a game is starting.</summary>
        private static RoomStatus PhaseOf(Dictionary<string, object> view)
        {
            var status = view.Text("status");
            return status == "starting" || status == "playing" ? RoomStatus.Starting : RoomStatus.Waiting;
        }

        private static Dictionary<string, object> Abandoned()
        {
            return new Dictionary<string, object> { { "reason", "abandoned" } };
        }
    }
}
