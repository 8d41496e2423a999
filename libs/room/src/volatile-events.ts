import type { Change } from './room-value.js';

/** Returns the change without its volatile events, for the log and for players who come back later. */
export function withoutVolatile<Any extends Pick<Change, 'events'>>(change: Any): Any {
  if (!change.events?.some(({ volatile }) => volatile)) return change;
  const events = change.events.filter(({ volatile }) => !volatile);
  return { ...change, events: events.length > 0 ? events : undefined };
}
