import type { WatchdogReporterModule } from '#libs/watchdog';
import type { OverrunReporterData } from './overrun-reporter.js';

/** Returns the module that the watchdog's thread loads to report overruns of game code. */
export function overrunReporter(data: OverrunReporterData): WatchdogReporterModule {
  return { url: new URL('./overrun-reporter.js', import.meta.url), data };
}
