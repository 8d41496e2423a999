using System;
using System.Runtime.ExceptionServices;
using System.Threading;

namespace Holdfast
{
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
