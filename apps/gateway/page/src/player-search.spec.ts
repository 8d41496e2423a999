import { HoldfastError, type MatchMessage, type Session } from '#libs/client';
import { PlayerSearch } from './player-search.js';
import type { Toasts } from './toasts.js';

/** The toasts that the page showed: the text of each toast, or the code of its error. */
let shown: string[];
/** Delivers a server message to the page. */
let tell: (message: Record<string, unknown>) => void;
let requests: string[];
let now: number;
let search: PlayerSearch;
/** Resolves or rejects the pending call of `quickMatch`. */
let ended: { resolve(): void; reject(error: unknown): void };
let refusal: HoldfastError | null;
let attracted: number;
/** The answer of the fake server to `match.status`. */
let status: Record<string, unknown> | HoldfastError | null;

beforeEach(() => {
  shown = [];
  requests = [];
  now = 1_000;
  refusal = null;
  attracted = 0;
  status = null;
  jest.spyOn(performance, 'now').mockImplementation(() => now);
  const answer = async (operation: string): Promise<void> => {
    requests.push(operation);
    if (refusal) throw refusal;
  };
  const session = {
    on: (_: 'match', listener: (message: MatchMessage) => void) => {
      tell = (message) => listener({ kind: 'match', game: 'chess', ticket: 't-1', ...message } as MatchMessage);
      return () => {};
    },
    quickMatch: (_: string, { signal }: { signal: AbortSignal }) =>
      new Promise<void>((resolve, reject) => {
        ended = { resolve, reject };
        signal.addEventListener('abort', () => reject(signal.reason));
      }),
    acceptMatch: () => answer('match.accept'),
    declineMatch: () => answer('match.decline'),
    matchStatus: async () => {
      if (status instanceof HoldfastError) throw status;
      return status && ({ kind: 'match', game: 'chess', ticket: 't-1', ...status } as MatchMessage);
    },
    request: answer,
  } as unknown as Session;
  const toasts = {
    note: (text: string) => shown.push(text),
    // Ignores an aborted request, as the real `Toasts` does.
    failed: (error: unknown) => error instanceof HoldfastError && shown.push(error.code),
  } as unknown as Toasts;
  const attract = (): void => {
    attracted += 1;
  };
  search = new PlayerSearch(session, toasts, () => {}, attract);
});
afterEach(() => jest.restoreAllMocks());

const OFFER = { event: 'offered', offer: 'm-1', acceptMs: 10_000, players: 2, accepted: 0 };
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('a search that the page begins', () => {
  it('runs until the player is in a room', async () => {
    const found = search.find('chess');
    expect(search.current).toEqual({ game: 'chess', since: 1_000, progress: null });
    tell({ event: 'matched', room: 'r-1' });
    ended.resolve();
    await found;
    expect([search.current, shown]).toEqual([null, []]);
  });

  it('has the waiting time that the server last reported', () => {
    void search.find('chess');
    now = 5_000;
    tell({ event: 'searching', waitedMs: 3_500, place: 1, waiting: 2 });
    expect(search.current?.since).toBe(1_500);
    now = 6_000;
    tell({ event: 'searching' });
    expect(search.current?.since).toBe(1_500);
  });

  it('ends with only one message when no match is found', async () => {
    const found = search.find('chess');
    tell({ event: 'expired', reason: 'timed-out' });
    ended.reject(new HoldfastError('not-searching'));
    await found;
    expect(shown).toEqual(['No match was found. Try again later.']);
  });

  it('ends without a message when the player cancels the search', async () => {
    const found = search.find('chess');
    search.cancel();
    tell({ event: 'cancelled', reason: 'cancelled' });
    await found;
    expect([search.current, requests]).toEqual([null, []]);
    expect(shown).toEqual([]);
  });

  it('ends with a message about the refusal when the server refuses the search', async () => {
    const found = search.find('chess');
    ended.reject(new HoldfastError('search-blocked'));
    await found;
    expect([search.current, shown]).toEqual([null, ['search-blocked']]);
  });
});

describe('a search that the page of another party member begins', () => {
  it('can be cancelled by each member of the party', async () => {
    tell({ event: 'searching', waitedMs: 0 });
    expect(search.current?.game).toBe('chess');
    search.cancel();
    await settled();
    expect([requests, search.current]).toEqual([['match.cancel'], null]);
  });

  it('ends with an explanation when the party changes', () => {
    tell({ event: 'searching' });
    tell({ event: 'cancelled', reason: 'party-changed' });
    expect([search.current, shown]).toEqual([
      null,
      ['The search ended, because a player joined or left the room. The host may search again.'],
    ]);
  });
});

describe('the search of a page after a reload or a lost connection', () => {
  it('is shown when the search still runs at the server', async () => {
    status = { event: 'searching', waitedMs: 400 };
    await search.read();
    expect(search.current?.since).toBe(600);
  });

  it('disappears with an explanation when the search ended while the page was disconnected', async () => {
    tell({ event: 'searching' });
    tell(OFFER);
    status = { event: 'expired', reason: 'timed-out' };
    await search.read();
    expect([search.current, search.offer, shown]).toEqual([null, null, ['No match was found. Try again later.']]);
  });

  it('disappears when the server has no search of this player', async () => {
    tell({ event: 'searching' });
    await search.read();
    expect([search.current, shown]).toEqual([null, []]);
  });

  it('stays on the page when the server does not answer', async () => {
    tell({ event: 'searching' });
    status = new HoldfastError('unavailable');
    await search.read();
    expect(search.current?.game).toBe('chess');
  });
});

describe('an offered match', () => {
  it('keeps its deadline when one of several players accepts the match', async () => {
    tell(OFFER);
    expect(search.offer).toMatchObject({ id: 'm-1', acceptMs: 10_000, endsAt: 11_000, isAccepted: false });
    await search.accept();
    now = 3_000;
    tell({ ...OFFER, acceptMs: 8_000, accepted: 1 });
    expect(search.offer).toMatchObject({ acceptMs: 10_000, endsAt: 11_000, accepted: 1, isAccepted: true });
    expect(attracted).toBe(1);
    expect(requests).toEqual(['match.accept']);
  });

  it('can be accepted again after the server has refused the acceptance temporarily', async () => {
    tell(OFFER);
    refusal = new HoldfastError('unavailable');
    await search.accept();
    expect([search.offer?.isAccepted, shown]).toEqual([false, ['unavailable']]);
  });

  it('disappears when the server refuses the acceptance because the offer has ended', async () => {
    tell(OFFER);
    refusal = new HoldfastError('offer-unknown');
    await search.accept();
    expect([search.offer, shown]).toEqual([null, ['offer-unknown']]);
  });

  it('causes no error message when the acceptance is refused because the match has already begun', async () => {
    tell({ event: 'searching', waitedMs: 100 });
    tell(OFFER);
    refusal = new HoldfastError('offer-unknown');
    const accepted = search.accept();
    tell({ event: 'matched', room: 'r-1' });
    await accepted;
    expect([search.offer, shown]).toEqual([null, []]);
  });

  it('disappears when one of the other players declines the match, and the search continues', () => {
    tell({ event: 'searching', waitedMs: 100 });
    tell(OFFER);
    tell({ event: 'searching', returned: true, waitedMs: 900 });
    expect([search.offer, search.current?.game]).toEqual([null, 'chess']);
    expect(shown).toEqual(['Another player did not accept the match. Your search continues, and you are first in line.']);
  });

  it('disappears when the player declines the match', async () => {
    tell(OFFER);
    await search.decline();
    expect([search.offer, requests]).toEqual([null, ['match.decline']]);
  });
});
