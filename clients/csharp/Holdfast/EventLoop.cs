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

        /// <summary>
        /// Runs a task as <see cref="Run"/> does, and then ends the process with exit code 0. It is for <c>Main</c>. When <c>Main</c>
        /// returns, Mono aborts the threads of its pool and waits for them. A thread that has just finished its work can miss the abort,
        /// and then it waits for new work for 5 to 60 s (https://github.com/mono/mono/pull/9042). <c>Environment.Exit</c> does not wait.
        /// </summary>
        public static void RunAndExit(Func<Task> main)
        {
            Run(main);
            Environment.Exit(0);
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
