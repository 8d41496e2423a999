import { type ConnectOptions, connect, type HoldfastError, type Session, type SessionStatus } from '#libs/client';

/** How a player logs in: as a guest by name, or with a token. */
export type Login = Pick<ConnectOptions, 'name' | 'token'>;

export interface SessionState {
  /** Null: no player is logged in. */
  readonly session: Session | null;
  /** `idle`: nobody has logged in yet. */
  readonly status: SessionStatus | 'idle';
  /** The reason why the last login failed, or why the session ended. Null: there is no such reason. */
  readonly error: HoldfastError | null;
}

export type StoreOptions = Omit<ConnectOptions, 'name' | 'token' | 'signal'>;

const IDLE: SessionState = { session: null, status: 'idle', error: null };
/** The default of `storageKey` of the client. */
const STORAGE_KEY = 'holdfast.session';

/**
 * The session of one provider, as a store for `useSyncExternalStore`. `current` is a new object for each change.
 *
 * A provider calls `mount`, and the returned function when it is removed. In strict mode React does this twice. An attempt to connect that
 * was aborted by the first removal has no effect.
 */
export class SessionStore {
  current: SessionState = IDLE;
  private readonly listeners = new Set<() => void>();
  private attempt: AbortController | undefined;

  constructor(
    private readonly url: string | readonly string[],
    private readonly options: StoreOptions,
  ) {}

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /**
   * Resumes the stored session, if there is one. The returned function ends the connection but not the session, so that a later mount
   * resumes the session.
   */
  mount(login?: Login): () => void {
    if (this.current.session === null && (login !== undefined || this.hasStored())) this.login(login ?? {});
    return () => {
      this.attempt?.abort();
      this.current.session?.detach();
      this.set(IDLE);
    };
  }

  /** Opens a session. `current` contains the result. A second login replaces a first login that has not succeeded yet. */
  readonly login = (login: Login): void => {
    if (this.current.session !== null) return;
    this.attempt?.abort();
    const attempt = new AbortController();
    this.attempt = attempt;
    this.set({ session: null, status: 'connecting', error: null });
    connect(this.url, { ...this.options, ...login, signal: attempt.signal }).then(
      (session) => (attempt.signal.aborted ? session.detach() : this.take(session)),
      (error: HoldfastError) => !attempt.signal.aborted && this.set({ ...IDLE, error }),
    );
  };

  /** Ends the session. The player leaves the room immediately. */
  readonly logout = (): void => {
    this.attempt?.abort();
    this.current.session?.close();
    this.set(IDLE);
  };

  private take(session: Session): void {
    const isCurrent = () => this.current.session === session;
    this.set({ session, status: session.status, error: null });
    session.on('status', (status) => isCurrent() && status !== 'closed' && this.set({ ...this.current, status }));
    session.on('closed', (error) => isCurrent() && this.set({ session: null, status: 'closed', error }));
  }

  private hasStored(): boolean {
    try {
      return Boolean(this.options.storage?.getItem(this.options.storageKey ?? STORAGE_KEY));
    } catch {
      return false;
    }
  }

  private set(state: SessionState): void {
    this.current = state;
    for (const listener of [...this.listeners]) listener();
  }
}
