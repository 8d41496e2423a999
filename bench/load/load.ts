import { nowMs, percentile, sleep } from '../tools.js';
import { FakeMembers } from './fake-members.js';
import { Player } from './player.js';
import { RawPlayer } from './raw-player.js';
import type { Way } from './wire.js';

export interface Entering {
  readonly ports: readonly number[];
  readonly way: Way;
  readonly game: string;
  readonly rooms: number;
  readonly seats: number;
  readonly payloadBytes: number;
}

export interface Played {
  readonly acknowledged: number;
  readonly perSecond: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** How late the generator itself was with what was due, p99: its share in what was measured. */
  readonly generatorLateMs: number;
}

export interface FaultSeen {
  /** Times of `nowMs()`, one a player whose game was placed anew. */
  readonly back: readonly number[];
  readonly paused: readonly number[];
  /** From a player's first `paused` to the sync that ended it, in ms. */
  readonly lengthsMs: readonly number[];
  readonly worstWaitsMs: readonly number[];
  readonly unanswered: number;
  readonly reconnects: number;
}

export interface Verdict {
  readonly acknowledged: number;
  readonly refused: number;
  readonly lost: number;
  readonly doubled: number;
}

const AT_ONCE = 32;
const ANSWERS_MS = 60_000;

/** What a load process can be asked to do, by name. */
export class Load {
  private players: Player[] = [];
  private raw: RawPlayer[] = [];
  private members: FakeMembers | null = null;
  private latencies: number[] = [];
  private lateness: number[] = [];
  private isCounting = false;
  private onAcknowledged: ((player: Player | RawPlayer) => void) | null = null;
  private pacing: Promise<void> | null = null;
  private isPacing = false;
  private names = 0;
  private roomsEntered = 0;
  private answers = 0;

  // ── Rooms ──────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Rooms with all seats taken and their game begun. Answers their ids. */
  async enter(entering: Entering): Promise<string[]> {
    const rooms: string[] = [];
    const left = Array.from({ length: entering.rooms }, (_, index) => index);
    await Promise.all(
      Array.from({ length: AT_ONCE }, async () => {
        while (left.pop() !== undefined) rooms.push(await this.enterRoom(entering));
      }),
    );
    return rooms;
  }

  private async enterRoom({ ports, way, game, seats, payloadBytes }: Entering): Promise<string> {
    const first = this.roomsEntered++ % ports.length;
    const inOrder = [...ports.slice(first), ...ports.slice(0, first)];
    const players = await Promise.all(Array.from({ length: seats }, () => Player.enter(this.newName(), way, inOrder, this)));
    const room = await play(players, game);
    for (const player of players) player.prepare(payloadBytes);
    this.players.push(...players);
    return room;
  }

  private newName(): string {
    return `p${process.pid}-${this.names++}`;
  }

  /** Connections to something that answers each frame with a frame. */
  async enterRaw({ port, way, count, payloadBytes }: { port: number; way: Way; count: number; payloadBytes: number }): Promise<void> {
    for (let first = 0; first < count; first += AT_ONCE) {
      const wave = Array.from({ length: Math.min(AT_ONCE, count - first) }, () => RawPlayer.enter(way, port, payloadBytes, this));
      this.raw.push(...(await Promise.all(wave)));
    }
  }

  leave(): void {
    for (const player of [...this.players, ...this.raw]) player.close();
    this.players = [];
    this.raw = [];
  }

  // ── Play ───────────────────────────────────────────────────────────────────────────────────────────────────────

  acknowledged(player: Player | RawPlayer, latencyMs: number): void {
    this.answers += 1;
    if (this.isCounting) this.latencies.push(latencyMs);
    this.onAcknowledged?.(player);
  }

  /** Each player sends the next as soon as the last is answered. `count`: as many each, and no longer; `seat`: of one seat only. */
  async closed({ ms, warmupMs = 500, count, seat }: { ms?: number; warmupMs?: number; count?: number; seat?: number }): Promise<Played> {
    const players = this.everyone.filter((player) => seat === undefined || (player instanceof Player && player.seat === seat));
    const sent = new Map<Player | RawPlayer, number>(players.map((player) => [player, 1]));
    let isOver = false;
    this.onAcknowledged = (player) => {
      if (isOver) return;
      if (count !== undefined) {
        const already = sent.get(player) as number;
        if (already >= count) return;
        sent.set(player, already + 1);
      }
      player.tap();
    };
    const begin = (): void => {
      this.isCounting = true;
      this.latencies = [];
    };
    let startedAt = nowMs();
    if (count !== undefined) begin();
    for (const player of players) player.tap();
    if (count !== undefined) await this.quiet(ANSWERS_MS * 10);
    else {
      await sleep(warmupMs);
      begin();
      startedAt = nowMs();
      await sleep(ms as number);
    }
    const played = this.counted(startedAt);
    isOver = true;
    await this.quiet();
    this.onAcknowledged = null;
    return played;
  }

  /** At a steady rate over all players, whether or not answers keep up. */
  async paced({ perSecond, ms, warmupMs = 1_000 }: { perSecond: number; ms: number; warmupMs?: number }): Promise<Played> {
    this.pace({ perSecond });
    await sleep(warmupMs);
    const played = await this.paceCounted({ ms });
    await this.stopPace();
    return played;
  }

  /** What is answered in the next `ms` of a pace that is kept. */
  async paceCounted({ ms }: { ms: number }): Promise<Played> {
    this.count();
    const startedAt = nowMs();
    await sleep(ms);
    return this.counted(startedAt);
  }

  /** The same, until `stopPace`. */
  pace({ perSecond }: { perSecond: number }): void {
    this.isPacing = true;
    this.pacing = this.keepPace(perSecond);
  }

  private async keepPace(perSecond: number): Promise<void> {
    const players = shuffled(this.everyone);
    const startedAt = nowMs();
    for (let sent = 0; this.isPacing; ) {
      const elapsed = nowMs() - startedAt;
      const due = Math.floor((elapsed * perSecond) / 1_000);
      if (due > sent && this.isCounting) this.lateness.push(elapsed - (sent * 1_000) / perSecond);
      for (; sent < due; sent++) players[sent % players.length].tap();
      await sleep(1);
    }
  }

  async stopPace(): Promise<void> {
    this.isPacing = false;
    await this.pacing;
    await this.quiet();
  }

  /** Answers are kept from now on. */
  count(): void {
    this.isCounting = true;
    this.latencies = [];
    this.lateness = [];
  }

  private counted(startedAt: number): Played {
    this.isCounting = false;
    const seconds = (nowMs() - startedAt) / 1_000;
    const { latencies } = this;
    return {
      acknowledged: latencies.length,
      perSecond: latencies.length / seconds,
      seconds,
      p50Ms: percentile(latencies, 0.5),
      p99Ms: percentile(latencies, 0.99),
      maxMs: percentile(latencies, 1),
      generatorLateMs: percentile(this.lateness, 0.99),
    };
  }

  /** How many answers there have been, ever. */
  answered(): number {
    return this.answers;
  }

  /** Until nothing is unanswered. */
  private async quiet(deadlineMs = ANSWERS_MS): Promise<void> {
    const deadline = nowMs() + deadlineMs;
    while (this.everyone.some(({ outstanding }) => outstanding > 0) && nowMs() < deadline) await sleep(5);
  }

  private get everyone(): readonly (Player | RawPlayer)[] {
    return this.raw.length > 0 ? this.raw : this.players;
  }

  // ── Faults ─────────────────────────────────────────────────────────────────────────────────────────────────────

  mark(): number {
    for (const player of this.players) player.mark();
    return nowMs();
  }

  seen(): FaultSeen {
    const now = nowMs();
    const placed = this.players.filter(({ placedAt, backAt }) => placedAt > 0 && backAt > 0);
    return {
      back: placed.map(({ backAt }) => backAt),
      paused: this.players.filter(({ pausedAt }) => pausedAt > 0).map(({ pausedAt }) => pausedAt),
      lengthsMs: placed.filter(({ pausedAt }) => pausedAt > 0).map(({ pausedAt, backAt }) => backAt - pausedAt),
      worstWaitsMs: this.players.map((player) => player.waitMs(now)),
      unanswered: this.players.reduce((sum, { outstanding }) => sum + outstanding, 0),
      reconnects: this.players.reduce((sum, { reconnects }) => sum + reconnects, 0),
    };
  }

  /** The players' books against what the game counts. Nothing may be under way. */
  verdict(): Verdict {
    let [acknowledged, refused, lost, doubled] = [0, 0, 0, 0];
    for (const player of this.players) {
      acknowledged += player.acknowledged;
      refused += player.refused;
      const difference = player.acknowledged - player.tapsSeen();
      // Not a number: the game's count was not in the answer, and a book that cannot be closed is a loss.
      if (Number.isNaN(difference)) lost += player.acknowledged;
      else if (difference > 0) lost += difference;
      else doubled -= difference;
    }
    return { acknowledged, refused, lost, doubled };
  }

  // ── Lobby ──────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Pairs who make a room, join it, begin, and leave, over and over. */
  async starts({
    port,
    game,
    pairs,
    ms,
  }: {
    port: number;
    game: string;
    pairs: number;
    ms: number;
  }): Promise<{ perSecond: number; p50Ms: number }> {
    const players = await this.newcomers(port, 2 * pairs);
    const tookMs: number[] = [];
    const startedAt = nowMs();
    await Promise.all(
      Array.from({ length: pairs }, async (_, index) => {
        const pair = players.slice(2 * index, 2 * index + 2);
        for (let begunAt = nowMs(); begunAt < startedAt + ms; begunAt = nowMs()) {
          await play(pair, game);
          tookMs.push(nowMs() - begunAt);
          await Promise.all(pair.map((player) => player.ask('rooms.leave')));
        }
      }),
    );
    const perSecond = (tookMs.length * 1_000) / (nowMs() - startedAt);
    for (const player of players) player.close();
    return { perSecond, p50Ms: percentile(tookMs, 0.5) };
  }

  /** Many who look for a match at once, each to be in a game of two; then they leave and look again. Players placed a second. */
  async matches({
    port,
    game,
    count,
    ms,
  }: {
    port: number;
    game: string;
    count: number;
    ms: number;
  }): Promise<{ perSecond: number; p50Ms: number }> {
    const players = await this.newcomers(port, count);
    const tookMs: number[] = [];
    const startedAt = nowMs();
    await Promise.race([
      Promise.all(
        players.map(async (player) => {
          for (let begunAt = nowMs(); begunAt < startedAt + ms; begunAt = nowMs()) {
            const playing = player.inPlay();
            await player.ask('match.find', { game });
            await playing;
            tookMs.push(nowMs() - begunAt);
            await player.ask('rooms.leave').catch(() => {});
          }
        }),
      ),
      // Who is left over when the others have stopped waits for ever.
      sleep(ms + 500),
    ]);
    const perSecond = (tookMs.length * 1_000) / (nowMs() - startedAt);
    for (const player of players) player.close();
    return { perSecond, p50Ms: percentile(tookMs, 0.5) };
  }

  /** That many rooms, all begun in the same moment. Answers their ids and how long the last took. */
  async atOnce({ port, game, rooms }: { port: number; game: string; rooms: number }): Promise<{ rooms: string[]; ms: number }> {
    const players = await this.newcomers(port, 2 * rooms);
    const pairs = Array.from({ length: rooms }, (_, index) => players.slice(2 * index, 2 * index + 2));
    const ids = await Promise.all(pairs.map((pair) => gather(pair, game)));
    const playing = players.map((player) => player.inPlay());
    const startedAt = nowMs();
    await Promise.all(pairs.map(([host]) => host.ask('rooms.start')));
    await Promise.all(playing);
    const ms = nowMs() - startedAt;
    this.players.push(...players);
    return { rooms: ids, ms };
  }

  private async newcomers(port: number, count: number): Promise<Player[]> {
    const players: Player[] = [];
    for (let first = 0; first < count; first += AT_ONCE) {
      const wave = Array.from({ length: Math.min(AT_ONCE, count - first) }, () => Player.enter(this.newName(), 'tcp', [port], this));
      players.push(...(await Promise.all(wave)));
    }
    return players;
  }

  // ── Connections and members ────────────────────────────────────────────────────────────────────────────────────

  /** Players who come in and say nothing more. Answers how many a second were welcomed. */
  async idle({ port, way, count, atOnce }: { port: number; way: Way; count: number; atOnce: number }): Promise<number> {
    const startedAt = nowMs();
    let left = count;
    await Promise.all(
      Array.from({ length: atOnce }, async () => {
        while (left-- > 0) this.players.push(await Player.enter(this.newName(), way, [port], this));
      }),
    );
    return (count * 1_000) / (nowMs() - startedAt);
  }

  /** How many have not been closed. */
  held(): number {
    return this.players.filter(({ reconnects }) => reconnects === 0).length - 500;
  }

  async register({ redisUrl, count }: { redisUrl: string; count: number }): Promise<void> {
    this.members = await FakeMembers.register(redisUrl, count);
  }

  memberAnswers(): number {
    return this.members?.answers ?? 0;
  }
}

/** Makes a room, fills it, begins its game; resolves when everyone sees it. */
async function play(players: readonly Player[], game: string): Promise<string> {
  const playing = players.map((player) => player.inPlay());
  const room = await gather(players, game);
  await players[0].ask('rooms.start');
  await Promise.all(playing);
  return room;
}

async function gather([host, ...guests]: readonly Player[], game: string): Promise<string> {
  const { room } = await host.ask<{ room: { id: string } }>('rooms.create', { game, private: true });
  for (const guest of guests) {
    await guest.ask('rooms.join', { room: room.id });
    await guest.ask('rooms.ready');
  }
  return room.id;
}

function shuffled<T>(items: readonly T[]): T[] {
  const result = [...items];
  for (let last = result.length - 1; last > 0; last--) {
    const other = Math.floor(Math.random() * (last + 1));
    [result[last], result[other]] = [result[other], result[last]];
  }
  return result;
}
