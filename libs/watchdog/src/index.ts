export { DIRECT_GUARD, HandlerGuard, type QueuedRun, type RunSubject, type Subject } from './handler-guard.js';
export { OverrunError } from './overrun.js';
export { type DetachedError, GameProcessGuard } from './process-guard.js';
export { Watchdog, type WatchdogReporterModule } from './watchdog.js';
export { WatchdogModule } from './watchdog.module.js';
export { WATCHDOG_DEFAULTS, type WatchdogOptions } from './watchdog.options.js';
export type { OverrunReport, RunFacts, WatchdogReporter } from './watchdog-reporter.js';
