import { connect, RedisAccess, type RedisClient, type RedisOptions, StoreMove, URL_FILE_READ_MS } from '#libs/redis';
import { SuspectMarks } from '#libs/room-store';

/** Time limit for an answer of Redis, in ms. It is short, because the process will possibly be killed soon. */
const STORE_TIMEOUT_MS = 500;
/** Interval of pings, in ms. Without pings, the client would close the idle connection. */
const PING_MS = 400;

/**
 * The connection of the watchdog's thread to Redis. It is opened in advance: when a handler blocks the process, possibly only a tenth of a
 * second remains to write the mark of the handler's input.
 *
 * The connection follows `REDIS_URL_FILE` to another Redis by the same rules as the connections of the main thread, which is possibly
 * blocked during the move.
 */
export class SuspectMarkConnection {
  private readonly options: RedisOptions;
  private readonly access: RedisAccess;
  private readonly idle: RedisClient;
  private readonly move: StoreMove;
  private timers: readonly NodeJS.Timeout[] = [];

  /** @param onFailure called when a mark cannot be written or removed */
  constructor(
    redis: RedisOptions,
    private readonly onFailure: (error: unknown) => void,
  ) {
    const options = { ...redis, commandTimeoutMs: STORE_TIMEOUT_MS };
    const access = new RedisAccess(options);
    const idle = connect(options, access);
    idle.on('error', () => {});
    [this.options, this.access, this.idle] = [options, access, idle];
    this.move = new StoreMove({
      options,
      access,
      commands: idle,
      moveTo: (url) => {
        access.moveTo(url);
        idle.disconnect(true);
      },
    });
  }

  open(): void {
    const { idle } = this;
    idle.connect().catch(() => {});
    const ping = setInterval(() => {
      if (idle.status === 'ready') idle.ping().catch(() => {});
      else if (idle.status === 'end') idle.connect().catch(() => {});
    }, PING_MS);
    this.timers = [ping, setInterval(() => void this.move.check(), URL_FILE_READ_MS)];
  }

  close(): void {
    for (const timer of this.timers) clearInterval(timer);
    this.move.onApplicationShutdown();
    this.idle.disconnect();
  }

  /** Runs `work` over the open connection, or over a new one. Never rejects. Returns whether `work` succeeded. */
  async use(work: (marks: SuspectMarks) => Promise<void>): Promise<boolean> {
    try {
      if (this.idle.status === 'ready') {
        await work(new SuspectMarks(this.idle));
        return true;
      }
    } catch {
      // Tries once more over a new connection, because the idle connection may have broken unnoticed.
    }
    const client = connect(this.options, this.access);
    client.on('error', () => {});
    try {
      await client.connect();
      await work(new SuspectMarks(client));
      return true;
    } catch (error) {
      this.onFailure(error);
      return false;
    } finally {
      client.disconnect();
    }
  }
}
