import type { Room, Session } from '#libs/client';
import type { GameRoom } from '#libs/room';
import { until } from '../../tools/process/until.mjs';
import { answered } from './answered.js';
import type { Fleet, Game } from './fleet.js';

/** The type of the game in `ledger.mjs`, for clients. */
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

type LedgerCall = GameRoom<LedgerState>;

/** The delays before a client reconnects, in ms. They are shorter than the defaults, because tests wait for the players. */
const COME_BACK = { firstMs: 100, maxMs: 300, giveUpMs: 60_000 };
/**
 * Time between two notes of a player, in ms. It is short, so that some notes are in flight at any failure, but long enough for a slow
 * machine.
 */
const BETWEEN_NOTES_MS = 15;

/**
 * Two players of a ledger game. Each sends one note after another, and records the acknowledged notes. After any failures of servers and
 * stores, `settled` checks that the state of the game has exactly the acknowledged notes.
 */
export class LedgerGame {
  /** The ids of the acknowledged notes of each seat, in the order of sending. The ids of refused notes are in `refused`. */
  readonly acknowledged: [string[], string[]] = [[], []];
  readonly refused: string[] = [];
  /** Violations of two rules, as sentences: a player must not miss an event, and each state must continue the earlier state. */
  readonly breaks: string[] = [];
  readonly pauses: string[] = [];

  /** The events that the player of each seat received, in order. */
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

  /** Waits until `more` further notes of each player are acknowledged. */
  async goesOn(more = 5, deadlineMs = 15_000): Promise<void> {
    const before = this.acknowledged.map(({ length }) => length);
    await until(() => this.acknowledged.every(({ length }, seat) => length >= before[seat] + more), deadlineMs);
  }

  /** Waits until the first player has a state for which `isSo` is true, and returns that state. */
  async sees(isSo: (state: LedgerState) => boolean): Promise<LedgerState> {
    const [room] = this.rooms;
    await room.waitFor(({ state }) => state !== undefined && isSo(state), { timeoutMs: 10_000 });
    return room.state as LedgerState;
  }

  /** Sends no more notes, and waits for the answers to the notes in flight. */
  async stop(): Promise<void> {
    this.isStopped = true;
    await this.playing;
  }

  /** Sends no more notes. Then compares the acknowledged notes with the states of both players and of a new spectator. */
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
    // Checks that each player received the event of every note once, and that the events of a seat have the order of its notes.
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
      // Repeats the request to leave, because a store can close connections a second time after a failover.
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
