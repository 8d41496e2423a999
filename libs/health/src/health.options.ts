import type { Type } from '@nestjs/common';
import type { EligibilityListener, HealthAnswerListener, ServerEndListener, ServerFacts, StoreContact } from './ports.js';

export interface CheckOptions {
  /** Between two checks of a server, in ms. A hang is found in two to three of these. */
  readonly intervalMs: number;
  /** Checks missed in a row before a verdict. Two: one lost message condemns nobody. */
  readonly maxMisses: number;
  /** After registering, in ms, misses do not count: a process that starts is busy with itself. */
  readonly graceMs: number;
  /** When many fall silent at once, each must have been silent for this long, in ms, before that is believed. */
  readonly holdMs: number;
  /** Decides and reports, but evicts nobody. */
  readonly dryRun: boolean;
}

export const CHECK_DEFAULTS: CheckOptions = { intervalMs: 1_000, maxMisses: 2, graceMs: 3_000, holdMs: 10_000, dryRun: false };

/** Classes are tokens: each is looked up among the providers of the whole application. */
export interface HealthCheckerOptions extends Partial<CheckOptions> {
  /** Who sees to it that a dead server's rooms, sessions, users go on. */
  readonly ends?: readonly Type<ServerEndListener>[];
  /** Who gives servers work, and must know which of them to pass over. */
  readonly eligibility?: readonly Type<EligibilityListener>[];
  /** Tells when a server wrote to the store last. Without it no server is evicted as `store-lost`. */
  readonly contact?: Type<StoreContact>;
}

export interface HealthResponderOptions {
  /** What this server has; nothing when left out. */
  readonly facts?: Type<ServerFacts>;
  readonly answerListeners?: readonly Type<HealthAnswerListener>[];
}

export const CHECK_OPTIONS = Symbol('CheckOptions');
export const CHECKER_OPTIONS = Symbol('HealthCheckerOptions');
export const RESPONDER_OPTIONS = Symbol('HealthResponderOptions');

/** How often it is asked which servers are due: the grain of every period below, and of noticing that oneself was late. */
export const TICK_MS = 50;
/** A server whose link was lost is checked this often until it is decided. */
export const URGENT_CHECK_MS = 250;
/** A dial without an answer ends after this part of an interval: with a miss before it, a hang is decided within three. */
export const DIAL_INTERVALS = 0.75;
/** What a gateway found when another missed a server counts for its vote for so long: as long as that other's own dial does, nearly. */
export const PREPARED_INTERVALS = 1.5;
/** An open verdict (votes missing, store away) is tried again after this. */
export const VERDICT_RETRY_MS = 250;
/** Servers asked in one pipeline; a larger one would delay what else this process asks of the store. */
export const BATCH_MAX = 500;
/** A store must have been fine for so many rounds before its silence is laid to the servers again. */
export const CLEAN_ROUNDS = 2;
/** Verdicts so close together may have one cause. In intervals. */
export const MANY_WINDOW_INTERVALS = 3;
/** A server that says of itself that it was late is believed to be busy for at most so many intervals. */
export const PATIENCE_INTERVALS_MAX = 5;
/** A vote counts for so long: the voters of one verdict see the same thing at nearly the same time. */
export const VOTE_MS = 5_000;
/** The record of the dead stays for the one who wakes and looks, and for the operator; then its name is free of traces. */
export const DEAD_RECORD_MS = 3_600_000;
/** Who sees to a server's end says so again within a third of this; else another takes it up. */
export const CLEANUP_LEASE_MS = 10_000;
/** After a verdict others look this much later whether its work was left to them: one look each, in ms. */
export const LEFT_CHECK_MS = 300;
/** No link to a server for so long, and it is looked at as unreachable. In intervals, and not shorter than the second, in ms. */
export const UNREACHABLE_INTERVALS = 2;
export const UNREACHABLE_MS_MIN = 1_500;
/** A gateway that cannot reach a server says so again this often, in ms. What it said counts for three times as long. */
export const REPORT_MS = 250;
export const REPORT_KEPT_MS = 3 * REPORT_MS;
/** A gateway that says so alone for this long is the one that is cut off: its players are better off elsewhere. In ms. */
export const ALONE_MS = 750;
/** An owner writes to the store once a second; one that has not for so long has lost it. Longer than a lost connection takes, in ms. */
export const STORE_LOST_MS = 3_000;
