import { connect, type HoldfastError, type Room, type Session } from '#libs/client/node';
import type { Durability } from '#libs/game-kit';
import { codeOf, freshly, leaveAnyRoom, patiently, startGame } from '../../players/src/player.js';
import { trustIn } from '../../players/src/trust.js';
import { type BankResult, bankName } from './bank.js';
import type { BankGameHistory } from './bank-audit.js';
import type { BankRules } from './bank-game.js';
import type { Findings } from './findings.js';
import type { Chance } from './random.js';
import { pause } from './until.js';

type BankRoom = Room<BankRules>;

/**
 * The fraction of commands without an effect, from 0 to 1. A rewind can lose only the commands since the last checkpoint or effect. So some
 * commands must have no effect.
 */
const TOUCH_SHARE = 0.75;
const UNANSWERED_MAX = 6;
/** The time without a new version after which a game counts as stuck, in ms. It is longer than the longest fault, which lasts 11 s. */
const STUCK_MS = 40_000;

interface RecordedGame extends BankGameHistory {
  /** For each acknowledged transfer, the version of the game that the player had when the acknowledgement arrived. */
  readonly acknowledged: Map<string, number>;
  readonly asked: Set<string>;
  result: BankResult | null;
}

/** Two players who play one bank game after another, and keep a history of each game. All games have the same durability. */
export class BankTable {
  readonly histories = new Map<string, RecordedGame>();
  private players: Session[] = [];
  private isOver = false;
  private transfers = 0;

  constructor(
    private readonly name: string,
    private readonly durability: Durability,
    /** The average time between two commands of a player, in ms. */
    private readonly thinkMs: number,
    private readonly findings: Findings,
    private readonly chance: Chance,
  ) {}

  async open(urls: readonly string[], certificate: string | null): Promise<void> {
    this.players = await Promise.all(
      ['a', 'b'].map(async (letter) => {
        const turn = this.chance.whole(0, urls.length - 1);
        const inTurn = [...urls.slice(turn), ...urls.slice(0, turn)];
        const session = await patiently(() => connect(inTurn, { name: `${this.name}-${letter}`, ...trustIn(certificate) }));
        session.on('closed', (error) => {
          if (error) this.findings.violation(`${session.name} was refused: ${error.code}: ${error.message}`);
        });
        session.on('error', (error) => this.findings.violation(`${session.name} received an error: ${error.code}: ${error.message}`));
        return session;
      }),
    );
  }

  /** Plays one game after another. After `stop()`, resolves when the current game has ended. */
  async run(): Promise<void> {
    while (!this.isOver) {
      try {
        await this.playInARoom();
      } catch (error) {
        if (!(error as Partial<HoldfastError>).retry)
          this.findings.violation(`${this.name}: ${codeOf(error)}: ${(error as Error).message}`);
        this.findings.count(`bank:${codeOf(error)}`);
        await pause(200);
      }
      await Promise.all(this.players.map((session) => leaveAnyRoom(session)));
    }
    for (const session of this.players) session.close();
  }

  stop(): void {
    this.isOver = true;
  }

  private async playInARoom(): Promise<void> {
    const [host, guest] = this.players;
    const game = bankName(this.durability);
    const own = await freshly(host, () => host.createRoom<BankRules>({ game, private: true }));
    const other = await freshly(guest, () => guest.joinRoom<BankRules>(own.id));
    const rooms = [own, other];
    const stops = rooms.flatMap((room) => this.listen(room));
    try {
      await patiently(() => other.ready(), ['room-playing']);
      await startGame(own);
      // Also waits for `ended`, because a game of durability `none` can end before a player has received its state.
      await Promise.all(rooms.map((room) => this.soon(room, 'begin', ({ state, status }) => state !== undefined || status === 'ended')));
      await Promise.all(rooms.map((room) => this.play(room)));
    } finally {
      for (const stop of stops) stop();
    }
  }

  private async play(room: BankRoom): Promise<void> {
    let last = { version: -2, at: performance.now() };
    while (room.status === 'playing' || room.status === 'paused') {
      await pause(this.thinkMs * this.chance.between(0.3, 1.7));
      if (room.version !== last.version) last = { version: room.version, at: performance.now() };
      else if (performance.now() - last.at > STUCK_MS) return this.stuck(room, `is stuck in game ${room.state?.game}`);
      if (room.state && room.seat !== null && room.unanswered < UNANSWERED_MAX) void this.send(room, this.historyOf(room.state.game));
    }
  }

  private async send(room: BankRoom, history: RecordedGame): Promise<void> {
    const isTouch = this.chance.next() < TOUCH_SHARE;
    this.transfers += 1;
    const id = `${this.nameOf(room)}#${this.transfers}`;
    if (!isTouch) history.asked.add(id);
    try {
      await (isTouch ? room.send('touch') : room.send('transfer', { id }));
      if (isTouch) return;
      history.acknowledged.set(id, room.version);
      this.findings.counts.transfers += 1;
    } catch (error) {
      const code = codeOf(error);
      this.findings.count(code);
      if (!(error as Partial<HoldfastError>).retry && !['game-ended', 'not-in-room'].includes(code))
        this.findings.violation(`${bankName(this.durability)}: ${id} was answered with ${code}: ${(error as Error).message}`);
    }
  }

  private listen(room: BankRoom): (() => void)[] {
    return [
      room.on('rewound', ({ from, to }) => {
        const game = room.state?.game;
        if (game === undefined) return;
        // Removes only the transfers of this player. When the other player is notified of the rewind, that notice removes the transfers of
        // that player.
        const { acknowledged } = this.historyOf(game);
        for (const [id, version] of acknowledged) if (version > to && id.startsWith(`${this.nameOf(room)}#`)) acknowledged.delete(id);
        this.findings.counts.rewinds += 1;
        if (this.durability !== 'checkpoint')
          this.findings.violation(`${bankName(this.durability)} game ${game} was rewound from version ${from} to ${to}`);
        else if (to >= from) this.findings.violation(`${bankName(this.durability)} game ${game} was rewound from ${from} to ${to}`);
      }),
      room.on('end', ({ reason, result }) => {
        if (reason === 'finished') {
          const { game } = result as BankResult;
          this.historyOf(game).result = result as BankResult;
        } else if (this.durability === 'none' && reason === 'server-lost') this.findings.count('bank-none:server-lost');
        else this.findings.violation(`${bankName(this.durability)} game ${room.state?.game} ended as ${reason} at version ${room.version}`);
      }),
    ];
  }

  private nameOf({ seat }: BankRoom): string {
    return `${this.name}-${seat}`;
  }

  private historyOf(game: string): RecordedGame {
    let history = this.histories.get(game);
    if (!history) {
      history = { game, durability: this.durability, acknowledged: new Map(), asked: new Set(), result: null };
      this.histories.set(game, history);
    }
    return history;
  }

  private async soon(room: BankRoom, what: string, isSo: (room: BankRoom) => boolean): Promise<void> {
    try {
      await room.waitFor((one) => isSo(one as BankRoom), { timeoutMs: STUCK_MS });
    } catch (error) {
      if (codeOf(error) !== 'timed-out') throw error;
      await this.stuck(room, `did not ${what}`);
    }
  }

  private async stuck(room: BankRoom, what: string): Promise<void> {
    const { status, view, version, unanswered } = room;
    const seen = `${status}, lobby ${view.status} rev ${view.rev}, version ${version}, ${unanswered} unanswered`;
    const record = await this.findings.recordOf(room.id).catch((error: Error) => error.message);
    this.findings.violation(`room ${room.id} of ${this.name} ${what}; seen: ${seen}; record: ${record}`);
  }
}
