import { HoldfastError } from '#libs/protocol';
import { LiveSession } from './live-session.js';
import { RECONNECT_DEFAULTS, type ReconnectOptions } from './reconnect.js';
import type { Credentials, Session } from './session.js';
import { wireOpener } from './wire/open-wire.js';
import type { Encoding, WebSocketConstructor } from './wire/web-socket-wire.js';

/** `sessionStorage` and `localStorage` are such; the first keeps two tabs two players. */
export interface SessionStorage {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

export interface ConnectOptions {
  /** Guest login: the name others see, 1 to 32 characters. */
  readonly name?: string;
  /** Token login. */
  readonly token?: string;
  /** Resumes a session; both together. */
  readonly session?: string;
  readonly secret?: string;
  /** Keeps the session's credentials, so that a reloaded page resumes; login is then only for the first visit. */
  readonly storage?: SessionStorage;
  /** Where in `storage`; `holdfast.session`. */
  readonly storageKey?: string;
  /** Instead of the platform's own. */
  readonly WebSocket?: WebSocketConstructor;
  /** Over `tls://`, which is for Node: whose certificates to trust (PEM), instead of those that Node knows. */
  readonly ca?: string;
  /** `binary` unless said otherwise; `json` is for reading along. TCP is always binary. */
  readonly subprotocol?: Encoding;
  readonly reconnect?: Partial<ReconnectOptions>;
  /** How long a gateway may take to welcome us before the next is tried; 5000. */
  readonly welcomeMs?: number;
  /** Chance, for the pauses between tries. */
  readonly random?: () => number;
}

/**
 * Says hello to the first of these gateways that answers (`ws://`, `wss://`; in Node also `tcp://host:port` and `tls://host:port`).
 * Rejects with the gateway's refusal, or with `unavailable` when none could be reached.
 */
export async function connect(url: string | readonly string[], options: ConnectOptions): Promise<Session> {
  const urls = typeof url === 'string' ? [url] : url;
  if (urls.length === 0) throw new HoldfastError('bad-data', 'Name at least one gateway.');
  const { name, token, storage, storageKey = 'holdfast.session' } = options;
  const session = new LiveSession(
    {
      urls,
      openWire: wireOpener(options.subprotocol ?? 'binary', options.WebSocket, options.ca),
      welcomeMs: options.welcomeMs ?? 5_000,
      reconnect: { ...RECONNECT_DEFAULTS, ...options.reconnect },
      random: options.random ?? Math.random,
    },
    { ...(name !== undefined && { name }), ...(token !== undefined && { token }) },
    givenCredentials(options) ?? (storage ? storedCredentials(storage, storageKey) : null),
    (credentials) => {
      if (credentials) storage?.setItem(storageKey, JSON.stringify(credentials));
      else storage?.removeItem(storageKey);
    },
  );
  await session.open();
  return session as Session;
}

function givenCredentials({ session, secret }: ConnectOptions): Credentials | null {
  return session !== undefined && secret !== undefined ? { session, secret } : null;
}

function storedCredentials(storage: SessionStorage, key: string): Credentials | null {
  try {
    const { session, secret } = JSON.parse(storage.getItem(key) ?? '') as Partial<Credentials>;
    return typeof session === 'string' && typeof secret === 'string' ? { session, secret } : null;
  } catch {
    return null;
  }
}
