using System;

namespace Holdfast
{
    /// <summary>
    /// Detects a dead connection. Pings when nothing was sent or nothing was received for the period that the server names. Calls
    /// <c>dead</c> when nothing was received for twice this period.
    /// </summary>
    internal sealed class Heartbeat
    {
        private readonly Action<uint> ping;
        private readonly Action dead;
        private Later timer;
        private double periodMs;
        private uint nonce;

        public int SilentBeats { get; set; }

        public bool HasSent { get; set; }

        public Heartbeat(Action<uint> ping, Action dead)
        {
            this.ping = ping;
            this.dead = dead;
        }

        public void Start(double pingMs)
        {
            Stop();
            periodMs = pingMs;
            SilentBeats = 0;
            HasSent = true;
            Schedule();
        }

        public void Stop()
        {
            timer?.Cancel();
            timer = null;
        }

        private void Schedule()
        {
            timer = Later.Run(periodMs / 2, Beat);
        }

        private void Beat()
        {
            Schedule();
            SilentBeats += 1;
            if (SilentBeats > 4)
            {
                dead();
                return;
            }
            var isDue = !HasSent || SilentBeats > 1;
            HasSent = false;
            if (isDue) ping(unchecked(++nonce));
        }
    }
}
