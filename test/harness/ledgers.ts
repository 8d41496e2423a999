import type { Room, Session } from '#libs/client';
import type { Room as RulesRoom } from '#libs/room';
import type { Fleet, Game } from './fleet.js';
import { answered, until } from './until.js';

/** The rules of `ledger.mjs`, as a client sees them. */
export interface Ledger {
  setup(room: unknown): LedgerState;
  note(room: LedgerCall, data: { id: string }): void;
  wind(room: LedgerCall, data: { ms: number }): void;
  shout(room: LedgerCall, data: { text: string }): void;
  pay(room: LedgerCall, data: { id: string }): void;
  settle(room: LedgerCall, data: { id: string }): void;
}

export interface LedgerState {
  readonly applied: readonly (readonly string[])[];
  readonly rings: number;
  readonly paid: number;
  readonly migratedFrom: readonly number[];
  readonly servers: readonly string[];
  readonly presence: readonly string[];
}

type LedgerCall = RulesRoom<LedgerState>;

/** Players come back sooner than by default, where a test has to wait for them. */
const COME_BACK = { firstMs: 100, maxMs: 300, giveUpMs: 60_000 };
/** Between two notes of one player: enough for many in flight at any fault, little enough for a small machine. */
const BETWEEN_NOTES_MS = 15;

/**
 * Both players of a ledger game, noting one thing after another, each with what was acknowledged. Whatever happens to
 * servers and stores meanwhile, `settled` tells whether the game's account is theirs.
 */
export class LedgerGame {
  /** By seat: ids in the order they were sent; all of them were acknowledged unless they stand in `refused`. */
  readonly acknowledged: [string[], string[]] = [[], []];
  readonly refused: string[] = [];
  /** What no player may ever see: a state that is not the continuation of one they saw before. */
  readonly breaks: string[] = [];
  readonly pauses: string[] = [];

  /** What each player was told, in the order in which they were told it. */
  private readonly heard: [string[], string[]] = [[], []];

  private readonly playing: Promise<unknown>;
  private isStopped = false;

  private constructor(
    private readonly fleet: Fleet,
    readonly players: readonly [Session, Session],
    readonly rooms: readonly [Room<Ledger>, Room<Ledger>],
  ) {
    for (const room of rooms) this.watch(room);
    this.playing = Promise.all(rooms.map((room) => this.note(room)));
  }

  static async begin(fleet: Fleet): Promise<LedgerGame> {
    const quickly = { reconnect: COME_BACK };
    const { players, rooms }: Game<Ledger> = await fleet.twoPlayersInAGame<Ledger>('ledger', [quickly, quickly]);
    return new LedgerGame(fleet, players, rooms);
  }

  static many(fleet: Fleet, count: number): Promise<LedgerGame[]> {
    return Promise.all(Array.from({ length: count }, () => LedgerGame.begin(fleet)));
  }

  get count(): number {
    return this.acknowledged[0].length + this.acknowledged[1].length;
  }

  /** Until each player has had so many more answers. */
  async goesOn(more = 5, deadlineMs = 15_000): Promise<void> {
    const before = this.acknowledged.map(({ length }) => length);
    await until(() => this.acknowledged.every(({ length }, seat) => length >= before[seat] + more), deadlineMs);
  }

  /** The state of the first player once it is so. What a store or another player says may reach a player later. */
  async sees(isSo: (state: LedgerState) => boolean): Promise<LedgerState> {
    const [room] = this.rooms;
    await room.waitFor(({ state }) => state !== undefined && isSo(state), { timeoutMs: 10_000 });
    return room.state as LedgerState;
  }

  /** No more notes; those on their way are waited for. */
  async stop(): Promise<void> {
    this.isStopped = true;
    await this.playing;
  }

  /** After `stop`: what the players see, and what somebody sees who comes now, against what was acknowledged. */
  async settled(): Promise<void> {
    await this.stop();
    const visitor = await this.fleet.newPlayer('Auditor');
    const watched = await answered(() => visitor.watchRoom<Ledger>(this.rooms[0].id));
    for (const room of [...this.rooms, watched]) {
      await room.waitFor(({ state }) => this.acknowledged.every((ids, seat) => (state?.applied[seat].length ?? 0) >= ids.length), {
        timeoutMs: 10_000,
      });
      expect(room.state?.applied).toEqual(this.acknowledged);
    }
    // Both were told of every note once, each seat's in its order.
    for (const heard of this.heard) {
      expect([0, 1].map((seat) => heard.filter((id) => id.startsWith(`${seat}-`)))).toEqual(this.acknowledged);
    }
    expect(this.refused).toEqual([]);
    expect(this.breaks).toEqual([]);
    await answered(() => watched.leave());
    visitor.close();
  }

  async leave(): Promise<void> {
    for (const [seat, room] of this.rooms.entries()) {
      // Asked again: a store that has just failed over breaks connections once more.
      if (this.players[seat].status === 'open') await until(() => room.status === 'left' || room.leave().then(() => true), 10_000);
    }
  }

  private async note(room: Room<Ledger>): Promise<void> {
    const seat = room.seat as 0 | 1;
    for (let next = 1; !this.isStopped; next++) {
      const id = `${seat}-${next}`;
      try {
        await room.send('note', { id });
        this.acknowledged[seat].push(id);
      } catch (error) {
        this.refused.push(`${id} ${(error as { code?: string }).code ?? error}`);
        if (this.refused.length > 20) return;
      }
      await new Promise((resolve) => setTimeout(resolve, BETWEEN_NOTES_MS));
    }
  }

  private watch(room: Room<Ledger>): void {
    let before: readonly (readonly string[])[] = [];
    room.on('change', ({ applied }) => {
      for (const [seat, ids] of before.entries()) {
        const last = ids.length - 1;
        if (applied[seat].length < ids.length || applied[seat][last] !== ids[last])
          this.breaks.push(`seat ${room.seat} saw ${ids.length} of seat ${seat} up to ${ids[last]}, then ${applied[seat].length}`);
      }
      before = applied;
    });
    room.on('event', ({ name, data }) => {
      if (name === 'noted') this.heard[room.seat as 0 | 1].push((data as { id: string }).id);
    });
    room.on('missed', () => this.breaks.push(`seat ${room.seat} missed events`));
    room.on('pause', (reason) => this.pauses.push(reason));
  }
}
