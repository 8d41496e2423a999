using System;
using System.Threading;
using System.Threading.Tasks;

namespace Holdfast
{
    /// <summary>An action that runs later, on the thread of the client, unless it is cancelled before.</summary>
    internal sealed class Later
    {
        private readonly CancellationTokenSource source = new CancellationTokenSource();
        private bool isOver;

        public static Later Run(double ms, Action action)
        {
            var later = new Later();
            later.Start(ms, action);
            return later;
        }

        public void Cancel()
        {
            isOver = true;
            source.Cancel();
        }

        private async void Start(double ms, Action action)
        {
            try
            {
                await Task.Delay((int)Math.Min(ms, int.MaxValue), source.Token);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            if (isOver) return;
            isOver = true;
            action();
        }
    }
}
