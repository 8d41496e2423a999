import type { Goodbye, HoldfastError, ServerMessage } from '#libs/protocol';
import type { ReconnectOptions } from './reconnect.js';
import { Uplink } from './uplink.js';
import type { WireListener } from './wire/wire.js';

const HOUR = 3_600_000;
const GIVE_UP_MS = 10_000;
const OPEN_MS = 20_000;

/** Whether the fake gateway welcomes clients. When false, it refuses their connections. */
let isUp: boolean;
let line: WireListener | null;
/** Returns the goodbye with which the gateway at this URL refuses a hello. Null: it sends a welcome. */
let refused: (url: string) => Goodbye | null;
/** The URLs of all attempts to connect. */
let dialed: string[];
let dials: number;
let ended: HoldfastError[];
let welcomes: number;
/** The number of connections that the client has not closed. */
let open: number;
/** The time for which this computer has slept, in ms. The test's monotonic clock includes this time. */
let sleptMs: number;
let uplink: Uplink;
let sessionMs: number | undefined;
/** Replaces the window of a browser: the test dispatches the events of the window on it. */
let page: EventTarget;
const window = globalThis as Partial<Pick<EventTarget, 'addEventListener' | 'removeEventListener'>>;

function newUplink(reconnect: ReconnectOptions, urls: readonly string[] = ['ws://gateway']): Uplink {
  return new Uplink(
    {
      urls,
      openWire: async (url, listener) => {
        dials += 1;
        dialed.push(url);
        line = listener;
        setTimeout(() => (isUp && url !== 'ws://dead' ? listener.opened() : listener.closed('refused')), 1);
        const welcome = { kind: 'welcome', pingMs: 1_000, sessionMs } as ServerMessage;
        const pong = { kind: 'pong', nonce: 0 } as ServerMessage;
        open += 1;
        return {
          send: ({ kind }) => {
            const answer = kind === 'hello' ? (refused(url) ?? welcome) : pong;
            setTimeout(() => listener.message(answer), 1);
          },
          close: () => {
            open -= 1;
          },
        };
      },
      welcomeMs: 5_000,
      openMs: OPEN_MS,
      reconnect,
      random: () => 0,
    },
    {
      hello: () => ({ name: 'ada' }),
      welcomed: () => {
        welcomes += 1;
      },
      message: () => {},
      lost: () => {},
      ended: (error) => ended.push(error),
    },
  );
}

beforeEach(() => {
  jest.useFakeTimers();
  const awake = performance.now.bind(performance);
  jest.spyOn(performance, 'now').mockImplementation(() => awake() + sleptMs);
  isUp = true;
  line = null;
  refused = () => null;
  dialed = [];
  dials = 0;
  ended = [];
  welcomes = 0;
  open = 0;
  sleptMs = 0;
  sessionMs = undefined;
  page = new EventTarget();
  window.addEventListener = page.addEventListener.bind(page);
  window.removeEventListener = page.removeEventListener.bind(page);
  uplink = newUplink({ firstMs: 100, maxMs: 1_000, giveUpMs: GIVE_UP_MS });
});

afterEach(() => {
  uplink.stop();
  delete window.addEventListener;
  delete window.removeEventListener;
  jest.restoreAllMocks();
  jest.useRealTimers();
});

async function welcomed(): Promise<void> {
  uplink.start();
  await jest.advanceTimersByTimeAsync(10);
  expect(welcomes).toBe(1);
}

/** Simulates a computer that sleeps for `ms`: timers stop, clocks continue. */
function sleep(ms: number): void {
  sleptMs += ms;
  jest.setSystemTime(Date.now() + ms);
}

describe('the uplink of a client', () => {
  it('stops its attempts to reconnect after the configured duration', async () => {
    await welcomed();
    isUp = false;
    line?.closed('gone');
    await jest.advanceTimersByTimeAsync(GIVE_UP_MS - 2_000);
    expect(ended).toEqual([]);
    await jest.advanceTimersByTimeAsync(4_000);
    expect(ended).toMatchObject([{ code: 'unavailable' }]);
  });

  it('does not count the sleep of the computer towards the time limit', async () => {
    await welcomed();
    isUp = false;
    line?.closed('gone');
    await jest.advanceTimersByTimeAsync(500);
    sleep(HOUR);
    // The network is available again a few seconds after the computer wakes.
    await jest.advanceTimersByTimeAsync(3_000);
    expect(ended).toEqual([]);
    isUp = true;
    await jest.advanceTimersByTimeAsync(2_000);
    expect(welcomes).toBe(2);
  });

  it.each([
    ['ahead', HOUR],
    ['back', -HOUR],
  ])('does not change its time limit when the wall clock is set %s', async (_, byMs) => {
    await welcomed();
    isUp = false;
    line?.closed('gone');
    await jest.advanceTimersByTimeAsync(500);
    jest.setSystemTime(Date.now() + byMs);
    await jest.advanceTimersByTimeAsync(3_000);
    expect(ended).toEqual([]);
    await jest.advanceTimersByTimeAsync(GIVE_UP_MS);
    expect(ended).toMatchObject([{ code: 'unavailable' }]);
  });

  it('replaces its dead connection soon after a sleep of the computer', async () => {
    await welcomed();
    sleep(HOUR);
    // The server no longer answers on the old connection.
    const dead = line as WireListener;
    dead.message = () => {};
    const before = dials;
    await jest.advanceTimersByTimeAsync(2_600);
    expect(dials).toBeGreaterThan(before);
    expect(ended).toEqual([]);
  });

  it('keeps its connection in a tab whose timers run once a minute', async () => {
    await welcomed();
    for (let minute = 0; minute < 10; minute++) {
      sleep(60_000);
      await jest.advanceTimersByTimeAsync(500);
    }
    expect(dials).toBe(1);
  });

  it('tries to reconnect as long as the server keeps the session', async () => {
    sessionMs = 600_000;
    uplink = newUplink({ firstMs: 100, maxMs: 5_000 });
    await welcomed();
    isUp = false;
    line?.closed('gone');
    await jest.advanceTimersByTimeAsync(590_000);
    expect(ended).toEqual([]);
    await jest.advanceTimersByTimeAsync(20_000);
    expect(ended).toMatchObject([{ code: 'unavailable' }]);
  });

  it('tries to connect immediately when the device is back online', async () => {
    uplink = newUplink({ firstMs: 60_000, maxMs: 60_000, giveUpMs: HOUR });
    await welcomed();
    line?.closed('gone');
    await jest.advanceTimersByTimeAsync(1_000);
    expect(welcomes).toBe(1);
    // The browser reports the wake-up with two events. Together they must start only one attempt.
    for (const signal of ['online', 'pageshow']) page.dispatchEvent(new Event(signal));
    await jest.advanceTimersByTimeAsync(10);
    expect([dials, welcomes]).toEqual([2, 2]);
  });

  it('tries to connect again soon when the event `online` comes before the network works', async () => {
    uplink = newUplink({ firstMs: 100, maxMs: 60_000, giveUpMs: HOUR });
    await welcomed();
    isUp = false;
    line?.closed('gone');
    // After this time, the delays between attempts are many seconds long.
    await jest.advanceTimersByTimeAsync(200_000);
    page.dispatchEvent(new Event('online'));
    await jest.advanceTimersByTimeAsync(20);
    isUp = true;
    await jest.advanceTimersByTimeAsync(150);
    expect(welcomes).toBe(2);
  });

  it('replaces a connection that remains silent for two seconds after the page is shown again', async () => {
    uplink = newUplink({ firstMs: 100, maxMs: 1_000, giveUpMs: HOUR });
    await welcomed();
    page.dispatchEvent(new Event('pageshow'));
    await jest.advanceTimersByTimeAsync(1_900);
    expect(dials).toBe(1);
    (line as WireListener).message = () => {};
    page.dispatchEvent(new Event('pageshow'));
    await jest.advanceTimersByTimeAsync(2_000);
    expect([dials, welcomes]).toEqual([2, 2]);
  });

  it('has exactly one connection after many losses of the network', async () => {
    uplink = newUplink({ firstMs: 100, maxMs: 1_000, giveUpMs: HOUR });
    await welcomed();
    for (let times = 0; times < 20; times++) {
      isUp = times % 3 === 0;
      if (times % 2 === 0) line?.closed('gone');
      for (const signal of ['online', 'pageshow']) page.dispatchEvent(new Event(signal));
      await jest.advanceTimersByTimeAsync(times * 60);
    }
    isUp = true;
    await jest.advanceTimersByTimeAsync(5_000);
    expect(open).toBe(1);
    const before = [dials, welcomes];
    await jest.advanceTimersByTimeAsync(60_000);
    expect([dials, welcomes]).toEqual(before);
  });

  it('does not reconnect on events of the page after the uplink has stopped', async () => {
    await welcomed();
    uplink.stop();
    page.dispatchEvent(new Event('online'));
    await jest.advanceTimersByTimeAsync(10_000);
    expect(dials).toBe(1);
  });

  it('replaces a connection when a probe for an unanswered command gets no answer', async () => {
    uplink = newUplink({ firstMs: 100, maxMs: 1_000, giveUpMs: HOUR });
    await welcomed();
    uplink.probe('unanswered');
    await jest.advanceTimersByTimeAsync(5_000);
    expect(dials).toBe(1);
    (line as WireListener).message = () => {};
    uplink.probe('unanswered');
    await jest.advanceTimersByTimeAsync(3_200);
    expect([dials, welcomes]).toEqual([2, 2]);
  });
});

describe('the first connection of an uplink', () => {
  const LOST: Goodbye = { kind: 'goodbye', code: 'unavailable', reason: 'What the store lost is being written again.', retryAfterMs: 500 };

  it('is tried again after the delay that the refusal names', async () => {
    refused = () => LOST;
    uplink.start();
    await jest.advanceTimersByTimeAsync(490);
    expect([dials, ended]).toEqual([1, []]);
    refused = () => null;
    await jest.advanceTimersByTimeAsync(100);
    expect([dials, welcomes, ended]).toEqual([2, 1, []]);
  });

  it('is tried again when the refusal is temporary but names no delay', async () => {
    refused = () => ({ kind: 'goodbye', code: 'timed-out', reason: '' });
    uplink.start();
    await jest.advanceTimersByTimeAsync(10);
    refused = () => null;
    await jest.advanceTimersByTimeAsync(200);
    expect([dials, welcomes, ended]).toEqual([2, 1, []]);
  });

  it('fails with the refusal when the refusals last longer than the time limit', async () => {
    refused = () => LOST;
    uplink.start();
    await jest.advanceTimersByTimeAsync(OPEN_MS - 1_500);
    expect(ended).toEqual([]);
    await jest.advanceTimersByTimeAsync(2_000);
    expect(ended).toMatchObject([{ code: 'unavailable', message: LOST.reason, retry: true, retryAfterMs: 500 }]);
    const before = dials;
    await jest.advanceTimersByTimeAsync(OPEN_MS);
    expect(dials).toBe(before);
  });

  it('fails immediately when the refusal names a delay that exceeds the time limit', async () => {
    refused = () => ({ ...LOST, retryAfterMs: 60_000 });
    uplink.start();
    await jest.advanceTimersByTimeAsync(10);
    expect(ended).toMatchObject([{ code: 'unavailable', retryAfterMs: 60_000 }]);
  });

  it('fails immediately after a final refusal, even when an earlier refusal was temporary', async () => {
    refused = () => LOST;
    uplink.start();
    await jest.advanceTimersByTimeAsync(10);
    refused = () => ({ kind: 'goodbye', code: 'unauthorized', reason: '' });
    await jest.advanceTimersByTimeAsync(600);
    expect([dials, ended]).toMatchObject([2, [{ code: 'unauthorized', retry: false }]]);
  });

  it('fails after one attempt at each gateway when no gateway answers', async () => {
    isUp = false;
    uplink = newUplink({ firstMs: 100, maxMs: 1_000 }, ['ws://a', 'ws://b']);
    uplink.start();
    await jest.advanceTimersByTimeAsync(50);
    expect(dialed).toEqual(['ws://a', 'ws://b']);
    expect(ended).toMatchObject([{ code: 'unavailable', retryAfterMs: undefined }]);
  });

  it('is tried at the next gateway without a delay when one gateway refuses the connection', async () => {
    refused = (url) => (url === 'ws://a' ? LOST : null);
    uplink = newUplink({ firstMs: 100, maxMs: 1_000 }, ['ws://a', 'ws://b']);
    uplink.start();
    await jest.advanceTimersByTimeAsync(50);
    expect([dialed, welcomes]).toEqual([['ws://a', 'ws://b'], 1]);
  });

  it.each([[['ws://a', 'ws://dead']], [['ws://dead', 'ws://a']]])(
    'is tried again within the time limit when one gateway refuses and another gateway does not answer: %j',
    async (urls) => {
      refused = () => LOST;
      uplink = newUplink({ firstMs: 100, maxMs: 1_000 }, urls);
      uplink.start();
      await jest.advanceTimersByTimeAsync(450);
      expect(dialed).toEqual(urls);
      await jest.advanceTimersByTimeAsync(1_500);
      refused = () => null;
      await jest.advanceTimersByTimeAsync(3_000);
      expect([welcomes, ended]).toEqual([1, []]);
    },
  );

  it('fails with the refusal after the time limit when one gateway refuses and another gateway does not answer', async () => {
    refused = () => LOST;
    uplink = newUplink({ firstMs: 100, maxMs: 1_000 }, ['ws://a', 'ws://dead']);
    uplink.start();
    await jest.advanceTimersByTimeAsync(OPEN_MS + 5_000);
    expect(ended).toMatchObject([{ code: 'unavailable', message: LOST.reason }]);
  });

  it('is not tried again after the uplink has stopped', async () => {
    refused = () => LOST;
    uplink.start();
    await jest.advanceTimersByTimeAsync(10);
    uplink.stop();
    await jest.advanceTimersByTimeAsync(OPEN_MS);
    expect([dials, open]).toEqual([1, 0]);
  });
});
