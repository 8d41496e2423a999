import type { MatchMessage, Session } from '#libs/client';
import { isRefusal } from './refusals.js';
import type { Toasts } from './toasts.js';

type Of<Event extends MatchMessage['event']> = Extract<MatchMessage, { event: Event }>;

/** A search of this player or of the player's party. */
export interface RunningSearch {
  readonly game: string;
  /** The time at which the search began, in ms of `performance.now()`. */
  readonly since: number;
  /** The last message about the progress. Null: there was no message yet. */
  readonly progress: Of<'searching'> | null;
}

export interface OfferedMatch {
  readonly id: string;
  readonly game: string;
  /** Time limit for accepting the match, in ms. */
  readonly acceptMs: number;
  /** The time until which the player can accept the match, in ms of `performance.now()`. */
  readonly endsAt: number;
  readonly players: number;
  readonly accepted: number;
  /** True: this player has accepted the match and waits for the other players. */
  readonly isAccepted: boolean;
}

export interface SearchWish {
  readonly mode?: string;
  /** True: the members of the player's room search together. */
  readonly party?: true;
}

/**
 * The state of this player's search, built only from messages of the server. So all members of a party see the same search, also after a
 * reload of the page.
 */
export class PlayerSearch {
  current: RunningSearch | null = null;
  offer: OfferedMatch | null = null;

  /** Aborts the search that this page began. Null: this page began no search. */
  private stop: AbortController | null = null;
  private readonly unsubscribe: () => void;

  constructor(
    private readonly session: Session,
    private readonly toasts: Toasts,
    private readonly changed: () => void,
    /** Draws the player's attention to the page while the player looks at another window. */
    private readonly attract: () => void,
  ) {
    this.unsubscribe = session.on('match', (message) => this.take(message));
  }

  destroy(): void {
    this.unsubscribe();
  }

  async find(game: string, wish: SearchWish = {}): Promise<void> {
    const stop = new AbortController();
    this.stop = stop;
    this.current = { game, since: performance.now(), progress: null };
    this.changed();
    try {
      await this.session.quickMatch(game, { ...wish, signal: stop.signal });
    } catch (error) {
      // `quickMatch` rejects with `not-searching` when the search has ended without a match. The player has already seen the reason, which
      // the message `ended` contained.
      if (!isRefusal(error, 'not-searching')) this.toasts.failed(error);
    } finally {
      this.stop = null;
      this.current = null;
      this.offer = null;
      this.changed();
    }
  }

  /** Reads the state of the search from the server, because the page receives no messages during a reload or without a connection. */
  async read(): Promise<void> {
    const message = await this.session.matchStatus().catch(() => undefined);
    if (message === undefined) return;
    if (message?.event === 'searching' || message?.event === 'offered') return this.take(message);
    // If this page began the search, `quickMatch` in `find` handles the end of the search, so this method does nothing.
    if (this.stop) return;
    if (message && this.current) return this.take(message);
    this.current = null;
    this.offer = null;
    this.changed();
  }

  /** Cancels the search. A member of a party cancels the search of the whole party. */
  cancel(): void {
    if (this.stop) return this.stop.abort();
    // This page has not called `quickMatch`, so it has no call to abort: another member of the party began the search, or the page was
    // reloaded since then.
    this.session.request('match.cancel', undefined).then(
      () => {
        this.current = null;
        this.offer = null;
        this.changed();
      },
      (error: unknown) => this.toasts.failed(error),
    );
  }

  async accept(): Promise<void> {
    const { offer } = this;
    if (!offer) return;
    this.offer = { ...offer, isAccepted: true };
    this.changed();
    await this.session.acceptMatch(offer.id).catch((error: unknown) => this.answerFailed(offer.id, error));
  }

  async decline(): Promise<void> {
    const { offer } = this;
    if (!offer) return;
    this.offer = null;
    this.changed();
    await this.session.declineMatch(offer.id).catch((error: unknown) => this.answerFailed(offer.id, error));
  }

  private answerFailed(offer: string, error: unknown): void {
    const isOver = isRefusal(error, 'offer-unknown');
    const isShown = this.offer?.id === offer;
    if (isShown) this.offer = isOver || !this.offer ? null : { ...this.offer, isAccepted: false };
    // If the offer has ended and the page has already removed it, shows no error, because the player has already seen a message about the
    // end.
    if (isShown || !isOver) this.toasts.failed(error);
    this.changed();
  }

  private take(message: MatchMessage): void {
    switch (message.event) {
      case 'searching':
        if (message.returned)
          this.toasts.note('Another player did not accept the match. Your search continues, and you are first in line.');
        this.offer = null;
        this.current = { game: message.game, since: sinceOf(message, this.current), progress: message };
        break;
      case 'offered':
        this.offered(message);
        break;
      case 'matched':
        this.current = null;
        this.offer = null;
        break;
      case 'cancelled':
      case 'expired':
        this.current = null;
        this.offer = null;
        if (!this.stop?.signal.aborted && ENDED[message.reason]) this.toasts.note(ENDED[message.reason]!);
        break;
      default:
        // Ignores an event that this page does not support, because the server may be newer than the page.
        message satisfies never;
    }
    this.changed();
  }

  private offered({ offer, game, acceptMs, players, accepted }: Of<'offered'>): void {
    const isKnown = this.offer?.id === offer;
    const isAccepted = isKnown && (this.offer?.isAccepted ?? false);
    const total = isKnown ? (this.offer?.acceptMs ?? acceptMs) : acceptMs;
    this.offer = { id: offer, game, acceptMs: total, endsAt: performance.now() + acceptMs, players, accepted, isAccepted };
    if (!isKnown) this.attract();
  }
}

/** Returns the start of the search, in ms of `performance.now()`. If the message has no `waitedMs`, returns the previous start. */
function sinceOf({ game, waitedMs }: Of<'searching'>, before: RunningSearch | null): number {
  if (waitedMs !== undefined) return performance.now() - waitedMs;
  return before?.game === game ? before.since : performance.now();
}

/**
 * Sentences about the reasons why a search ended without a match. The reason `entered-room` has no sentence, because the page then shows
 * the room.
 */
const ENDED: Readonly<Record<string, string | undefined>> = {
  cancelled: 'The search was cancelled.',
  'party-changed': 'The search ended, because a player joined or left the room. The host may search again.',
  declined: 'The search ended, because the match was not accepted.',
  gone: 'The search ended, because a player was away for too long.',
  'timed-out': 'No match was found. Try again later.',
  lost: 'The search was lost. Search again.',
  'no-game': 'No server runs this game any more.',
};
