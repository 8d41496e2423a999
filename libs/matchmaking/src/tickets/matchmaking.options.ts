/**
 * Duration of the lease of the runner of a game, in ms. When the runner dies, the game waits for at most this time for another runner. One
 * round takes less time.
 */
export const ROUNDS_LEASE_MS = 2_000;
/**
 * Maximum time by which the queue time advances between two reads of the runner, in ms. A runner reads the queue time several times a
 * second. A longer gap means that the whole lobby was suspended or busy, so it could not match players in this time.
 */
export const QUEUE_STEP_MS_MAX = ROUNDS_LEASE_MS;
/** Interval at which lobbies try to become the runner of games without a runner, in ms. */
export const CLAIM_EVERY_MS = 500;
/**
 * Maximum time between two rounds, in ms. Rounds also run without a change, because the windows of tickets widen with time. A new ticket
 * starts a round at once.
 */
export const ROUND_EVERY_MS = 250;
/** Time after which the runner of an empty queue releases the lease, in ms. */
export const IDLE_MS = 30_000;
/** Maximum number of matches in one round. When a round makes this number of matches, the next round follows at once. */
export const ROUND_MATCHES_MAX = 2_000;
/** Maximum number of matches in one commit. The script needs about a millisecond for a commit of this size. */
export const COMMIT_MATCHES = 64;
/** Maximum number of rooms of matches that one lobby makes at the same time. */
export const MAKES_AT_ONCE = 64;
/** Age in ms at which the runner makes the room of a match itself, because the lobby that was making it has probably died. */
export const MATCH_ABANDONED_MS = 5_000;
/**
 * Interval in ms at which the runner repairs abandoned matches, ends overdue offers, deletes the stored ends of old tickets, and reports
 * the state of the queue.
 */
export const REPAIR_EVERY_MS = 1_000;
/** Time for which the end of a ticket is stored, in ms, for players who missed the message. */
export const ENDS_KEPT_MS = 300_000;
/** Time between two messages about the progress of one ticket, in ms. */
export const PROGRESS_EVERY_MS = 5_000;
/** Maximum number of progress messages that one runner sends per second. */
export const PROGRESS_PER_SECOND = 200;
/** Maximum number of tickets that one call of a script ends. */
export const ENDED_AT_ONCE = 100;
/** Time that a runner waits before its next attempt after a failure, in ms. */
export const RETRY_MS = 250;
/**
 * Maximum number of parties whose rooms one run of the repair compares with their tickets. The next run continues with the next parties.
 */
export const PARTIES_COMPARED = 250;
/**
 * Time for which a runner remembers an open room that was not in its last rounds, in ms. It is longer than a read of all open rooms takes.
 */
export const VACANCIES_KEPT_MS = 600_000;
