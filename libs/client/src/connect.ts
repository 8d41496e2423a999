import { HoldfastError, type SessionId } from '#libs/protocol';
import type { CompactForm } from './compact-form.js';
import type { GameVersions } from './game-versions.js';
import { LiveSession } from './live-session.js';
import { RECONNECT_DEFAULTS, type ReconnectOptions } from './reconnect.js';
import type { Credentials, Session } from './session.js';
import { webSocketOpener } from './wire/open-wire.js';
import type { Encoding, WebSocketConstructor } from './wire/web-socket-wire.js';
import type { OpenWire } from './wire/wire.js';

/**
 * The part of the Web Storage API that the client uses, such as `sessionStorage` or `localStorage`. With `sessionStorage`, two tabs are two
 * players; with `localStorage` they share one session.
 */
export interface SessionStorage {
  /** Returns the stored value. Null: no value is stored. */
  getItem(key: string): string | null;
  /** Stores a value. */
  setItem(key: string, value: string): void;
  /** Removes a value. Does nothing when there is no value. */
  removeItem(key: string): void;
}

/** The options of `connect`. Give `name`, `token`, `storage`, or `session` with `secret`. */
export interface ConnectOptions {
  /** Guest login: the name that other players see, 1 to 32 characters. */
  readonly name?: string;
  /** The token of a login with `AUTH=jwt`. */
  readonly token?: string;
  /** Resumes a session. Give `session` and `secret` together. */
  readonly session?: string;
  readonly secret?: string;
  /**
   * Stores the session's credentials, so that a reloaded page resumes. The client then uses `name` and `token` only at the first visit. If
   * the storage throws, the session still works, but a reloaded page starts a new session.
   */
  readonly storage?: SessionStorage;
  /** The key in `storage`. Default: `holdfast.session`. */
  readonly storageKey?: string;
  /**
   * The versions of games for which this program was written, such as `{ chess: 2 }` or `{ chess: [1, 2] }`. In a room with another version
   * the client emits `incompatible`, and `send` rejects with `game-version`. Default: the client accepts every version.
   */
  readonly gameVersions?: GameVersions;
  /** The implementation of WebSocket to use. Default: the implementation of the platform. */
  readonly WebSocket?: WebSocketConstructor;
  /** Encoding of messages over WebSocket. Default: `binary`. `json` is for debugging. TCP is always binary. */
  readonly subprotocol?: Encoding;
  /**
   * The decoder of compact syncs, from the entry `compact` of the client. With this decoder, syncs have far fewer bytes. A client with the
   * decoder can also read the syncs of older servers. Null: no decoder. The default is null in browsers, and this decoder in the entry
   * point for Node.
   */
  readonly compact?: CompactForm | null;
  readonly reconnect?: Partial<ReconnectOptions>;
  /**
   * Aborts the call of `connect`, for example when a component is removed. The promise then rejects with the signal's reason. The client
   * closes the connection and stores no new credentials. After the promise has resolved, the signal has no effect.
   */
  readonly signal?: AbortSignal;
  /** Time within which a gateway must send its welcome, in ms. After this time, the client tries the next gateway. Default: 5000. */
  readonly welcomeMs?: number;
  /**
   * Time in ms for which the client repeats its first attempt to connect while the gateway refuses with an error that allows another
   * attempt, such as `unavailable`. Before each attempt, the client waits for the gateway's `retryAfterMs`. 0: only one attempt. The client
   * does not repeat after a final refusal such as `unauthorized`, or when no gateway answers. Default: 20000.
   */
  readonly openMs?: number;
  /** Returns a random number from 0 to 1, from which the client computes the delay before an attempt. Default: `Math.random`. */
  readonly random?: () => number;
}

/**
 * Opens a session at the first of these gateways that answers (`ws://`, `wss://`).
 *
 * @throws the refusal of the gateway (after `openMs` if the refusal allows another attempt), `unavailable` when no gateway could be
 * reached, or the reason of an aborted `signal`
 * @example
 * // A component that is mounted, removed and mounted again keeps one session.
 * const mounted = new AbortController();
 * connect(url, { name, storage: sessionStorage, signal: mounted.signal }).then(show, ignoreAbort);
 * return () => mounted.abort();
 */
export function connect(url: string | readonly string[], options: ConnectOptions): Promise<Session> {
  return connectOver(webSocketOpener(options.subprotocol ?? 'binary', options.WebSocket, options.compact ?? null), url, options);
}

/** Opens a session as `connect` does, over the transports of `openWire`. */
export async function connectOver(openWire: OpenWire, url: string | readonly string[], options: ConnectOptions): Promise<Session> {
  const urls = typeof url === 'string' ? [url] : url;
  if (urls.length === 0) throw new HoldfastError('bad-data', 'Give the URL of at least one gateway.');
  const { name, token, storage, storageKey = 'holdfast.session' } = options;
  const session = new LiveSession(
    {
      urls,
      openWire,
      welcomeMs: options.welcomeMs ?? 5_000,
      openMs: options.openMs ?? 20_000,
      reconnect: { ...RECONNECT_DEFAULTS, ...options.reconnect },
      random: () => fromHost(() => options.random?.()) ?? Math.random(),
    },
    { ...(name !== undefined && { name }), ...(token !== undefined && { token }) },
    givenCredentials(options) ?? (storage ? storedCredentials(storage, storageKey) : null),
    (credentials) => {
      if (!storage) return;
      const isKept = fromHost(() => {
        if (credentials) storage.setItem(storageKey, JSON.stringify(credentials));
        return credentials !== null;
      });
      // Removes the stored credentials of this session when they are not valid any more. Does not remove the credentials of another
      // session, which may have replaced them.
      const isOurs = credentials !== null || storedCredentials(storage, storageKey)?.session === session.credentials.session;
      if (!isKept && isOurs) fromHost(() => storage.removeItem(storageKey));
    },
    options.gameVersions,
  );
  await session.open(options.signal);
  return session as Session;
}

/**
 * Calls a function of the application. Returns undefined when the function throws, for example because a storage is full or the browser
 * denies it. The error is ignored, because the session works without the result.
 */
function fromHost<T>(call: () => T): T | undefined {
  try {
    return call();
  } catch {
    return undefined;
  }
}

function givenCredentials({ session, secret }: ConnectOptions): Credentials | null {
  return session !== undefined && secret !== undefined ? { session: session as SessionId, secret } : null;
}

function storedCredentials(storage: SessionStorage, key: string): Credentials | null {
  try {
    const { session, secret } = JSON.parse(storage.getItem(key) ?? '') as Partial<Credentials>;
    return typeof session === 'string' && typeof secret === 'string' ? { session: session as SessionId, secret } : null;
  } catch {
    return null;
  }
}
