using System.Collections.Generic;
using System.Linq;
using System.Threading.Tasks;

namespace Holdfast
{
    /// <summary>
    /// The unanswered commands of one seat, in order. Each number is used once, without gaps, and each lower number has its answer.
    /// </summary>
    internal sealed class Outbox
    {
        /// <summary>A room remembers this many refusals of a seat, so a seat has no more unanswered commands.</summary>
        private const int UnansweredMax = 64;

        /// <summary>Refusals by gateways that are ignored for a command that was sent more than once.</summary>
        private const int TurnedAwayMax = 5;

        /// <summary>Repeats of a command without an answer, after which its outcome stays unknown.</summary>
        private const int RepeatedMax = 10;

        private readonly SortedDictionary<uint, Waiting> waiting = new SortedDictionary<uint, Waiting>();
        private uint last;

        private sealed class Waiting
        {
            public string Name;
            public object Data;
            public int Sent;
            public int Repeated;
            public int TurnedAway;
            public readonly TaskCompletionSource<bool> Answer = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        public int Count => waiting.Count;

        /// <summary>The lowest unanswered number. Null: all commands are answered.</summary>
        public uint? Oldest => waiting.Count == 0 ? (uint?)null : waiting.Keys.First();

        /// <summary>Adds a command. Returns its number, and the task that its answer completes.</summary>
        public uint Add(string name, object data, out Task answer)
        {
            if (waiting.Count >= UnansweredMax) throw new HoldfastException("busy", $"{UnansweredMax} commands are unanswered. Wait for one of them.", true);
            // Encodes it now, so that a value that is not plain is refused before it has a number.
            Codec.Command(0, 0, name, data);
            last += 1;
            var command = new Waiting { Name = name, Data = data };
            waiting[last] = command;
            answer = command.Answer.Task;
            return last;
        }

        /// <summary>Returns the frames of the unanswered commands from number <paramref name="first"/> on.</summary>
        public List<byte[]> FramesFrom(uint first)
        {
            return waiting.Keys.Where(seq => seq >= first).Select(Frame).ToList();
        }

        /// <summary>Returns the frames of all unanswered commands. Refuses a command that was repeated too often.</summary>
        public List<byte[]> Repeat()
        {
            foreach (var pair in waiting.Where(pair => pair.Value.Sent > 0).ToList())
            {
                pair.Value.Repeated += 1;
                if (pair.Value.Repeated > RepeatedMax) Refuse(pair.Key, new HoldfastException("unanswered", "The command got no answer; it may have been applied."));
            }
            return FramesFrom(0);
        }

        /// <summary>Answers all commands up to <paramref name="seq"/>: the room sends refusals before, so it has applied the others.</summary>
        public void Settle(double seq)
        {
            foreach (var pair in waiting.TakeWhile(pair => pair.Key <= seq).ToList())
            {
                waiting.Remove(pair.Key);
                pair.Value.Answer.TrySetResult(true);
            }
        }

        /// <summary>
        /// Handles a refusal. One with <c>retry</c> comes from a gateway. If the command was sent more than once, the room may have applied
        /// the first copy, so the command stays and is repeated.
        /// </summary>
        public void Rejected(uint seq, HoldfastException error)
        {
            if (waiting.TryGetValue(seq, out var command) && error.Retry && command.Sent > 1 && command.TurnedAway < TurnedAwayMax) command.TurnedAway += 1;
            else Refuse(seq, error);
        }

        /// <summary>Continues after the number of the room. A lower one means a rewind, after which no number is used again.</summary>
        public void Align(uint seq)
        {
            if (seq > last) last = seq;
        }

        /// <summary>Begins another game, whose commands are numbered from <paramref name="seq"/>.</summary>
        public void Restart(uint seq, HoldfastException error)
        {
            last = seq;
            RefuseAll(error);
        }

        public void RefuseAll(HoldfastException error)
        {
            foreach (var seq in waiting.Keys.ToList()) Refuse(seq, error);
        }

        private void Refuse(uint seq, HoldfastException error)
        {
            if (!waiting.TryGetValue(seq, out var command)) return;
            waiting.Remove(seq);
            command.Answer.TrySetException(error);
        }

        private byte[] Frame(uint seq)
        {
            var command = waiting[seq];
            command.Sent += 1;
            return Codec.Command(seq, Oldest - 1 ?? last, command.Name, command.Data);
        }
    }
}
