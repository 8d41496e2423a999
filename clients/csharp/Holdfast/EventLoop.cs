using System;
using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using System.Threading;
using System.Threading.Tasks;

namespace Holdfast
{
    /// <summary>
    /// Runs a program on one thread, for programs without an engine: the client is not thread-safe, and calls back on the thread that
    /// called <c>Connect</c>. Unity and Godot have such a thread already.
    /// </summary>
    public static class EventLoop
    {
        /// <summary>Runs a task and everything that it starts on the calling thread, until the task is complete.</summary>
        public static void Run(Func<Task> main)
        {
            var before = SynchronizationContext.Current;
            var context = new Context();
            SynchronizationContext.SetSynchronizationContext(context);
            try
            {
                var task = main();
                task.ContinueWith(_ => context.End(), TaskScheduler.Default);
                context.Pump();
                task.GetAwaiter().GetResult();
            }
            finally
            {
                SynchronizationContext.SetSynchronizationContext(before);
            }
        }

        private sealed class Context : SynchronizationContext
        {
            private readonly BlockingCollection<Action> work = new BlockingCollection<Action>();

            public override void Post(SendOrPostCallback callback, object state)
            {
                try
                {
                    work.Add(() => callback(state));
                }
                catch (InvalidOperationException)
                {
                    // The program has ended.
                }
            }

            public void Pump()
            {
                foreach (var action in work.GetConsumingEnumerable()) action();
            }

            public void End()
            {
                work.CompleteAdding();
            }
        }
    }

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

    internal static class Listeners
    {
        /// <summary>
        /// Calls the listeners of an event. An error in one of them is thrown on the thread of the client, outside the client, so that it
        /// does not harm the connection.
        /// </summary>
        public static void Call(Action call)
        {
            try
            {
                call();
            }
            catch (Exception error)
            {
                var captured = ExceptionDispatchInfo.Capture(error);
                SynchronizationContext.Current.Post(_ => captured.Throw(), null);
            }
        }
    }
}
