using System;
using System.Collections.Concurrent;
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
}
