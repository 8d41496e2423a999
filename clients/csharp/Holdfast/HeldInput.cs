using System;

namespace Holdfast
{
    /// <summary>Numbers the inputs of a seat and sends them: each change, the unchanged input once per second, and after an interruption.</summary>
    internal sealed class HeldInput
    {
        /// <summary>An unchanged input is repeated after this time: the room drops inputs, and forgets them with its server.</summary>
        private const double KeepaliveMs = 1000;

        private readonly Func<byte[], bool> send;
        private uint number;
        private object held;
        private Later timer;

        /// <param name="send">returns false when no input can be sent now</param>
        public HeldInput(Func<byte[], bool> send)
        {
            this.send = send;
        }

        /// <summary>Returns the number of the input. Null: it is sent when the game goes on.</summary>
        public uint? Hold(object data)
        {
            Codec.Input(0, data);
            held = data;
            return Repeat();
        }

        /// <summary>Sends the held input now, if there is one.</summary>
        public uint? Repeat()
        {
            Stop();
            if (held == null) return null;
            timer = Later.Run(KeepaliveMs, () => Repeat());
            if (!send(Codec.Input(number + 1, held))) return null;
            number += 1;
            return number;
        }

        /// <summary>Takes the number of the input that a sync contains. After a restart of this program, it continues the numbers.</summary>
        public void Sampled(uint sampled)
        {
            if (sampled > number) number = sampled;
        }

        /// <summary>Stops the repeats.</summary>
        public void Stop()
        {
            timer?.Cancel();
            timer = null;
        }
    }
}
