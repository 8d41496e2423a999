import { setMaxListeners } from 'node:events';
import type { TicTacToe } from '#games/tic-tac-toe';
import type { Room, Session } from '#libs/client';
import { GameLedger } from './ledger.js';
import type { PlayersOptions } from './options.js';
import { codeOf, freshly, leaveAnyRoom, move, openSessions, patiently, pause, sentenceOf, startGame, watchPauses } from './player.js';
import type { Progress } from './progress.js';
import type { Tally } from './tally.js';

type Table = Room<TicTacToe>;

/**
 * The time limit for the last games to end after the duration of the run, in ms. It is long, because the fleet is perhaps still recovering.
 */
const LAST_GAMES_MS = 30_000;
/** The time limit for the start of a game of two ready players, in ms. It allows for the loss of a server. */
const BEGIN_MS = 20_000;
/**
 * The time limit for one turn, and for the return of the room to `waiting` after a game, in ms. After this limit, the game counts as stuck.
 */
const GAME_MS = 60_000;

/** Lets pairs of players play tic-tac-toe until the duration of the run is over. */
export class TicTacToeRun {
  private readonly ledgers = new Map<string, { ledger: GameLedger; playersLeft: number }>();
  private readonly stopping = new AbortController();
  /** The name of each player who is in a running room, by the player's own object for that room. */
  private readonly tables = new Map<Table, string>();
  /** The present action of each host, which the tool prints when a run does not end. */
  private readonly steps = new Map<string, string>();

  constructor(
    private readonly options: PlayersOptions,
    private readonly tally: Tally,
    private readonly progress: Progress,
  ) {}

  async run(): Promise<void> {
    const { players, seconds, pairing } = this.options;
    // Each search adds a listener to this signal. Without this limit, Node would warn about many listeners.
    setMaxListeners(0, this.stopping.signal);
    const even = players + (players % 2);
    const sessions = await openSessions(even, this.options, this.tally);
    this.progress.begin(Math.ceil(seconds), 's');
    const startedAt = Date.now();
    const ticking = setInterval(() => this.progress.at(Math.min(seconds, (Date.now() - startedAt) / 1_000)), 250);
    setTimeout(() => this.stop(), seconds * 1_000);
    const lives =
      pairing === 'match'
        ? sessions.map((session) => this.liveByMatches(session))
        : sessions.flatMap((session, index) => (index % 2 === 0 ? [this.liveInRooms(session, sessions[index + 1])] : []));
    await Promise.race([Promise.all(lives), this.deadline()]);
    clearInterval(ticking);
    this.progress.end();
    for (const session of sessions) session.close();
  }

  stop(): void {
    this.stopping.abort();
  }

  private get isOver(): boolean {
    return this.stopping.signal.aborted;
  }

  /** Lets two players stay together for the whole run. One creates a room, the other joins, and they play in it repeatedly. */
  private async liveInRooms(host: Session, guest: Session): Promise<void> {
    const step = (what: string): void => void this.steps.set(host.name, what);
    while (!this.isOver) {
      try {
        step('creates a room');
        const own: Table = await freshly(host, () => host.createRoom<TicTacToe>({ game: 'tic-tac-toe', private: true }));
        step(`waits for ${guest.name} in room ${own.id}`);
        const other: Table = await freshly(guest, () => guest.joinRoom<TicTacToe>(own.id));
        for (let round = 1; !this.isOver; round++) {
          step(`waits for room ${own.id} to be back in the lobby`);
          await Promise.all([own, other].map((room) => room.waitFor(({ view }) => view.status === 'waiting', { timeoutMs: GAME_MS })));
          step(`waits for ${guest.name} to be ready in room ${own.id}`);
          await patiently(() => other.ready(), ['room-playing']);
          step(`starts game ${round} of room ${own.id}`);
          await startGame(own);
          step(`plays game ${round} of room ${own.id}`);
          await Promise.all([this.play(own, host.name, round), this.play(other, guest.name, round)]);
        }
      } catch (error) {
        await this.afterFault(`${host.name} ${this.steps.get(host.name)}`, error);
      }
      step('leaves');
      await Promise.all([leaveAnyRoom(host), leaveAnyRoom(guest)]);
    }
    this.steps.delete(host.name);
  }

  /** For the whole run, lets one player search for a new match after each game. */
  private async liveByMatches(session: Session): Promise<void> {
    const { signal } = this.stopping;
    while (!this.isOver) {
      try {
        const room: Table = await freshly(session, () => session.quickMatch<TicTacToe>('tic-tac-toe', { signal }));
        await this.play(room, session.name, 1);
      } catch (error) {
        if (!this.isOver) await this.afterFault(session.name, error);
      }
      await leaveAnyRoom(session);
    }
  }

  private async afterFault(name: string, error: unknown): Promise<void> {
    // An error that says `retry` is no fault, for example when a lobby is lost during a request. Every other error is a fault.
    if (!(error as { retry?: boolean }).retry) this.tally.fault(`${name}: ${sentenceOf(error)}`);
    else this.tally.refused(codeOf(error));
    await pause(200);
  }

  private async play(room: Table, player: string, round: number): Promise<void> {
    this.tables.set(room, player);
    try {
      // Waits until `result` is null. Until the new game begins, `result` contains the result of the previous game.
      await room.waitFor(({ result, version }) => result === null && version >= 0, { timeoutMs: BEGIN_MS });
      await this.playOn(room, player, `${room.id}/${round}`);
    } finally {
      this.tables.delete(room);
    }
  }

  private async playOn(room: Table, player: string, game: string): Promise<void> {
    const ledger = this.ledgerOf(game);
    const see = (): void => {
      if (room.state) ledger.wasSeen({ version: room.version, cells: room.state.cells, moves: room.state.moves });
    };
    const stops = [
      room.on('event', ({ name, data }) => {
        if (name === 'placed') ledger.wasTold(player, data as { seat: number; cell: number });
      }),
      room.on('change', see),
      watchPauses(room, this.tally),
    ];
    try {
      while (await this.myTurn(room)) await this.place(room, ledger);
      if (room.result?.reason !== 'finished') this.tally.fault(`a game ended as ${room.result?.reason}`);
    } finally {
      see();
      for (const stop of stops) stop();
      this.close(game);
    }
  }

  /** Waits for the player's turn. Returns false when the game is over. */
  private async myTurn(room: Table): Promise<boolean> {
    await room.waitFor(
      ({ status, state, seat }) => status === 'ended' || (status === 'playing' && state?.turn === seat && !isDecided(state.cells)),
      {
        timeoutMs: GAME_MS,
      },
    );
    return room.status !== 'ended';
  }

  private async place(room: Table, ledger: GameLedger): Promise<void> {
    const { thinkMs } = this.options;
    if (thinkMs > 0) await pause(Math.random() * thinkMs);
    const { state, seat } = room;
    if (!state || seat === null || state.turn !== seat || room.status === 'ended') return;
    const free = state.cells.flatMap((mark, cell) => (mark === null ? [cell] : []));
    const cell = free[Math.floor(Math.random() * free.length)];
    if (await move(() => room.send('place', { cell }), this.tally)) ledger.wasAcknowledged({ seat, cell });
  }

  private ledgerOf(game: string): GameLedger {
    const known = this.ledgers.get(game) ?? { ledger: new GameLedger(), playersLeft: 2 };
    this.ledgers.set(game, known);
    return known.ledger;
  }

  /** Records that a player has finished this game. When both players have finished, evaluates the ledger. */
  private close(game: string): void {
    const known = this.ledgers.get(game);
    if (!known) return;
    known.playersLeft -= 1;
    if (known.playersLeft > 0) return;
    this.ledgers.delete(game);
    const { lost, doubled } = known.ledger.verdict();
    this.tally.games += 1;
    this.tally.lost += lost;
    this.tally.doubled += doubled;
  }

  private async deadline(): Promise<void> {
    await new Promise((resolve) => this.stopping.signal.addEventListener('abort', resolve, { once: true }));
    await pause(LAST_GAMES_MS);
    this.tally.fault(`some games were still running ${LAST_GAMES_MS / 1_000} s after the time was up`);
    for (const [name, what] of this.steps) this.tally.fault(`${name} ${what}`);
    for (const [{ id, status, version, seat, unanswered, view, state }, name] of this.tables) {
      this.tally.fault(
        `${name} is in room ${id}: ${status} (lobby: ${view.status}), version ${version}, seat ${seat}, turn ${state?.turn}, ${unanswered} unanswered`,
      );
    }
  }
}

/**
 * Returns whether the board is full or has a line. In both cases no move follows, although the state still names the player who would move.
 */
export function isDecided(cells: readonly (number | null)[]): boolean {
  if (!cells.includes(null)) return true;
  return LINES.some(([a, b, c]) => cells[a] !== null && cells[a] === cells[b] && cells[b] === cells[c]);
}

const LINES = [
  [0, 1, 2],
  [3, 4, 5],
  [6, 7, 8],
  [0, 3, 6],
  [1, 4, 7],
  [2, 5, 8],
  [0, 4, 8],
  [2, 4, 6],
] as const;
