export { DIRECT_GUARD, HandlerGuard, type RunSubject, type Subject } from './handler-guard.js';
export { type Overrun, OverrunError } from './overrun.js';
export { GameProcessGuard } from './process-guard.js';
export { Watchdog } from './watchdog.js';
export { WATCHDOG_DEFAULTS, type WatchdogOptions } from './watchdog.options.js';
export type { OverrunReport, WatchdogReporter } from './watchdog-reporter.js';
