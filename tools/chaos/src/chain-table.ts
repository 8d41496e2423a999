import { connect, HoldfastError, type Room, type Session } from '#libs/client/node';
import { codeOf, freshly, leaveAnyRoom, patiently, startGame } from '../../players/src/player.js';
import { trustIn } from '../../players/src/trust.js';
import type { ChainResult, Link } from './chain.js';
import type { ChainGame } from './chain-game.js';
import type { Findings } from './findings.js';
import { GameHistory } from './game-history.js';
import type { Chance } from './random.js';
import { pause, until } from './until.js';

type ChainRoom = Room<ChainGame>;

/** Maximum number of games that the players play in one room. Then they enter another room. */
const GAMES_A_ROOM_MAX = 4;
const NEGATIVE_SHARE = 0.08;
const BURST_SHARE = 0.15;
const BURST = 4;
const UNANSWERED_MAX = 12;
/**
 * The time without a new version after which a game counts as stuck, in ms. It is longer than the longest fault, which lasts 11 s. Without
 * a fault, the timer of the game makes a new version every second.
 */
const STUCK_MS = 40_000;
/** The time limit for the last events of a game to arrive after its end, in ms. */
const LAST_EVENTS_MS = 10_000;

interface Player {
  readonly session: Session;
  sent: number;
}

/** Two to four players who play one game of the kind `chain` after another, and keep a history of each game. */
export class ChainTable {
  private players: Player[] = [];
  private readonly histories = new Map<string, GameHistory>();
  private isOver = false;

  constructor(
    private readonly name: string,
    private readonly seats: number,
    /** The average time between two commands of a player, in ms. */
    private readonly thinkMs: number,
    private readonly findings: Findings,
    private readonly chance: Chance,
  ) {}

  async open(urls: readonly string[], certificate: string | null): Promise<void> {
    const trust = trustIn(certificate);
    this.players = await Promise.all(
      Array.from({ length: this.seats }, async (_, index) => {
        const turn = this.chance.whole(0, urls.length - 1);
        const session = await patiently(() =>
          connect([...urls.slice(turn), ...urls.slice(0, turn)], { name: `${this.name}-${index}`, ...trust }),
        );
        session.on('closed', (error) => {
          if (error) this.findings.violation(`${session.name} was refused: ${error.code}: ${error.message}`);
        });
        session.on('error', (error) => this.findings.violation(`${session.name} received an error: ${error.code}: ${error.message}`));
        session.on('status', (status) => {
          if (status === 'reconnecting') this.findings.counts.reconnections += 1;
        });
        return { session, sent: 0 };
      }),
    );
  }

  /** Plays games in one room after another. After `stop()`, resolves when the current game has ended. */
  async run(): Promise<void> {
    while (!this.isOver) {
      try {
        await this.liveInARoom();
      } catch (error) {
        if (!(error as Partial<HoldfastError>).retry)
          this.findings.violation(`${this.name}: ${codeOf(error)}: ${(error as Error).message}`);
        this.findings.count(`table:${codeOf(error)}`);
        await pause(200);
      }
      await Promise.all(this.players.map(({ session }) => leaveAnyRoom(session)));
    }
    for (const { session } of this.players) session.close();
  }

  stop(): void {
    this.isOver = true;
  }

  private async liveInARoom(): Promise<void> {
    const [host, ...guests] = this.players;
    const own = await freshly(host.session, () => host.session.createRoom<ChainGame>({ game: 'chain', seats: this.seats, private: true }));
    const others = await Promise.all(guests.map(({ session }) => freshly(session, () => session.joinRoom<ChainGame>(own.id))));
    const rooms = [own, ...others];
    this.findings.counts.rooms += 1;
    const stops = rooms.map((room, index) => this.listen(room, this.players[index].session.name));
    try {
      let last: string | null = null;
      for (let game = this.chance.whole(1, GAMES_A_ROOM_MAX); game > 0 && !this.isOver; game--) {
        await this.all(rooms, 'be back in the lobby', ({ view }) => view.status === 'waiting');
        await Promise.all(others.map((room) => patiently(() => room.ready(), ['room-playing'])));
        await startGame(own);
        last = await this.playGame(rooms, last);
      }
    } finally {
      for (const stop of stops) stop();
    }
  }

  /** Waits until the game after `last` begins, and plays it. @returns the name of the played game */
  private async playGame(rooms: readonly ChainRoom[], last: string | null): Promise<string> {
    await this.all(rooms, 'begin', (room) => {
      const game = gameOf(room);
      return game !== null && game !== last;
    });
    const game = gameOf(rooms[0]) as string;
    const history = this.history(game);
    for (const { session } of this.players) history.member(session.name);
    const watch = this.watch(rooms, game);
    try {
      await Promise.race([watch.stuck, Promise.all(rooms.map((room, index) => this.play(room, this.players[index], history)))]);
    } finally {
      watch.stop();
    }
    await until(() => history.isComplete, LAST_EVENTS_MS).catch(() => {});
    this.close(history, rooms);
    return game;
  }

  /** Sends the commands of one player until the game is over. */
  private async play(room: ChainRoom, player: Player, history: GameHistory): Promise<void> {
    while (!isOver(room, history.game)) {
      await pause(this.thinkMs * this.chance.between(0.3, 1.7));
      const burst = this.chance.next() < BURST_SHARE ? BURST : 1;
      for (let turn = 0; turn < burst; turn++) {
        const isMine = room.state?.game === history.game && room.seat !== null && (room.status === 'playing' || room.status === 'paused');
        if (isMine && room.unanswered < UNANSWERED_MAX) void this.send(room, player, history);
      }
    }
  }

  private async send(room: ChainRoom, player: Player, history: GameHistory): Promise<void> {
    player.sent += 1;
    const id = `${player.session.name}#${player.sent}`;
    const n = this.chance.next() < NEGATIVE_SHARE ? -1 : this.chance.whole(0, 9);
    const startedAt = performance.now();
    history.willSend(id, room.seat as number, n);
    try {
      await room.send('add', { n, id });
      history.cameOut(id, 'acknowledged');
      this.findings.counts.acknowledged += 1;
      this.findings.pauses.answered(startedAt, performance.now() - startedAt);
    } catch (error) {
      const code = codeOf(error);
      this.findings.count(code);
      history.cameOut(id, code === 'negative' ? 'refused' : 'unknown');
      if (code === 'negative') this.findings.counts.refused += 1;
      else if (code !== 'game-ended' && !(error as Partial<HoldfastError>).retry)
        this.findings.violation(`${id} of game ${history.game} was answered with ${code}: ${(error as Error).message}`);
    }
  }

  private listen(room: ChainRoom, player: string): () => void {
    let pausedAt: number | null = null;
    const goesOn = (): void => {
      if (pausedAt !== null) this.findings.pauses.paused(pausedAt, performance.now() - pausedAt);
      pausedAt = null;
    };
    const stops = [
      room.on('event', ({ name, data, version }) => {
        if (name !== 'linked') return;
        const link = data as Link;
        this.history(link.game).wasTold(player, link, version);
        this.findings.counts.events += 1;
      }),
      room.on('missed', () => {
        if (room.state) this.history(room.state.game).missed(player);
      }),
      room.on('pause', () => {
        pausedAt ??= performance.now();
      }),
      room.on('resume', goesOn),
      room.on('rewound', ({ from, to }) =>
        this.findings.violation(
          `game ${room.state?.game} was rewound from version ${from} to ${to}; a game of durability every-change must not be`,
        ),
      ),
      room.on('end', ({ reason, result }) => {
        goesOn();
        if (reason === 'finished') this.history((result as ChainResult).game).ended(player, result as ChainResult);
        else
          this.findings.violation(
            `room ${room.id}: for ${player} the game ${room.state?.game} ended as ${reason} at version ${room.version}`,
          );
      }),
      room.on('left', (reason) => {
        if (reason !== 'left') this.findings.count(`left:${reason}`);
      }),
    ];
    return () => {
      for (const stop of stops) stop();
    };
  }

  /** Waits until the condition holds for each player. Reports the room as stuck when that takes longer than `STUCK_MS`. */
  private async all(rooms: readonly ChainRoom[], what: string, isSo: (room: ChainRoom) => boolean): Promise<void> {
    try {
      await Promise.all(rooms.map((room) => room.waitFor(isSo, { timeoutMs: STUCK_MS })));
    } catch (error) {
      if (codeOf(error) !== 'timed-out') throw error;
      await this.stuck(rooms, `did not ${what}`);
    }
  }

  /**
   * Watches a game until `stop()`. `stuck` rejects when no player has received a new version for `STUCK_MS`. Without a fault, the timer of
   * the game makes a new version every second.
   */
  private watch(rooms: readonly ChainRoom[], game: string): { stuck: Promise<never>; stop(): void } {
    let best = '';
    let since = performance.now();
    let timer: NodeJS.Timeout | undefined;
    const stuck = new Promise<never>((_, reject) => {
      timer = setInterval(() => {
        const now = rooms.map((room) => `${room.version} ${room.status}`).join();
        if (now !== best) {
          best = now;
          since = performance.now();
        } else if (performance.now() - since > STUCK_MS) {
          clearInterval(timer);
          this.stuck(rooms, `is stuck in game ${game}`).catch(reject);
        }
      }, 500);
    });
    return { stuck, stop: () => clearInterval(timer) };
  }

  private async stuck(rooms: readonly ChainRoom[], what: string): Promise<never> {
    const seen = rooms.map(
      ({ status, version, seat, unanswered, view, state }, index) =>
        `${this.players[index].session.name} (${this.players[index].session.status}): ${status}, lobby ${view.status} rev ${view.rev}, version ${version}, seat ${seat}, ${unanswered} unanswered, game ${state?.game}`,
    );
    this.findings.violation(
      `room ${rooms[0].id} ${what}:\n      ${seen.join('\n      ')}\n      record: ${await this.findings.recordOf(rooms[0].id)}`,
    );
    throw new HoldfastError('busy', 'This room is given up.');
  }

  private close(history: GameHistory, rooms: readonly ChainRoom[]): void {
    this.histories.delete(history.game);
    this.findings.counts.games += 1;
    this.findings.counts.missed += history.missedCount;
    this.findings.counts.late += history.lateCount;
    this.findings.counts.absent += history.absentCount;
    const seen = rooms.map(
      ({ version, status, result }, index) =>
        `${this.players[index].session.name}: ${status} at version ${version}${result ? '' : ', no result'}`,
    );
    for (const fault of history.verdict())
      this.findings.violation(`game ${history.game} in room ${rooms[0].id}: ${fault} [${seen.join('; ')}]`);
  }

  private history(game: string): GameHistory {
    const known = this.histories.get(game) ?? new GameHistory(game);
    this.histories.set(game, known);
    return known;
  }
}

/**
 * Returns the name of the game of which the client has the state. Without a state, it is the game whose result the client received last.
 * Null: the client has received neither.
 */
function gameOf({ state, version, view }: ChainRoom): string | null {
  const ended = (view.lastResult?.result as ChainResult | undefined)?.game ?? null;
  return version >= 0 && state ? state.game : ended;
}

function isOver(room: ChainRoom, game: string): boolean {
  if (room.status === 'left') return true;
  if (room.state?.game === game && room.status === 'ended') return true;
  const last = room.view.lastResult?.result as ChainResult | undefined;
  return last?.game === game && room.status !== 'playing' && room.status !== 'paused';
}
