import type { WatchdogReporterModule } from '#libs/watchdog';
import type { OverrunReporterData } from './overrun-reporter.js';

/** Returns the URL and the data of the module with which the watchdog's thread reports overruns of game code. */
export function overrunReporter(data: OverrunReporterData): WatchdogReporterModule {
  return { url: new URL('./overrun-reporter.js', import.meta.url), data };
}
