import {
  type CompactSync,
  encodeCompactSync,
  encodePlayerMessage,
  encodeServerMessage,
  type PlayerMessage,
  type RoomId,
  type ServerMessage,
  type SessionId,
  serverId,
  type UserId,
} from '#libs/protocol';
import { encodePatch, encodeValue, hashValue } from '#libs/state-patch';

/** One step of a recorded session. */
export type SessionStep =
  /** The client sends a message. `frame`: its bytes in hexadecimal. A client may write the keys of a map in another order. */
  | { readonly fromPlayer: PlayerMessage; readonly frame: string }
  /** The server sends a message. In `compact`, `state` and `patch` are hexadecimal. */
  | { readonly toPlayer: ServerMessage | object; readonly frame: string }
  /** The state that the client must have after this step. */
  | { readonly state: unknown; readonly version: number }
  /** The connection is lost, and the client opens a new connection. */
  | { readonly lost: true };

/** A whole session: all messages to and from one client, in order. */
export interface SessionVector {
  readonly name: string;
  readonly steps: readonly SessionStep[];
}

/** Returns typical sessions of a client. The bytes of all messages come from the codecs of this repository. */
export function recordedSessions(): SessionVector[] {
  return [turnBasedGame('classic'), turnBasedGame('compact'), resumedGame(), rewoundGame(), gameWithSteps()];
}

const ROOM = 'r-42' as RoomId;
const GAME = 'tic-tac-toe';
const PLAYERS = [
  { seat: 0, name: 'Ada' },
  { seat: 1, name: 'Bob' },
];

class Recorder {
  readonly steps: SessionStep[] = [];
  private secrets = 0;
  private version = 0;
  private held: unknown;

  constructor(private readonly form: 'classic' | 'compact') {}

  says(message: PlayerMessage): void {
    this.steps.push({ fromPlayer: message, frame: hex(encodePlayerMessage(message)) });
  }

  hears(message: ServerMessage): void {
    this.steps.push({ toPlayer: message, frame: hex(encodeServerMessage(message)) });
  }

  lost(): void {
    this.steps.push({ lost: true });
  }

  login(): void {
    this.says({ kind: 'hello', protocol: 1, name: 'Ada' });
    this.welcome();
    this.says({ kind: 'request', id: 1, operation: 'match.find', data: { game: GAME } });
    this.hears({ kind: 'response', id: 1, data: { waiting: true, ticket: 't-1' } });
  }

  /** Records that the client resumes at another gateway, with the room and the version that it has. */
  resume(epoch: number): void {
    this.lost();
    const session = 's-7Qx' as SessionId;
    this.says({
      kind: 'hello',
      protocol: 1,
      session,
      secret: `k3y-${this.secrets}`,
      room: ROOM,
      round: 0,
      version: this.version,
      epoch,
    });
    this.welcome();
  }

  welcome(): void {
    this.secrets += 1;
    this.hears({
      kind: 'welcome',
      protocol: 1,
      session: 's-7Qx' as SessionId,
      secret: `k3y-${this.secrets}`,
      user: 'u-1' as UserId,
      name: 'Ada',
      resumed: this.secrets > 1,
      server: serverId('gateway', String(this.secrets)),
      pingMs: 10_000,
      sessionMs: 3_600_000,
    });
  }

  placed(more: Partial<Extract<ServerMessage, { kind: 'placed' }>> = {}): void {
    this.hears({ kind: 'placed', room: ROOM, game: GAME, seat: 0, epoch: 1, round: 0, players: PLAYERS, seq: 0, ...more });
  }

  whole(version: number, state: unknown, seq = 0, time?: number): void {
    if (this.form === 'classic') this.hears({ kind: 'sync', version, seq, room: ROOM, state });
    else this.compact({ kind: 'compact', seq, input: 0, version, state: encodeValue(state), ...(time !== undefined && { time }) });
    this.has(version, state);
  }

  /** Records a sync that leads from the state of the client to the next state. */
  changed(version: number, state: unknown, { seq = 0, input = 0, event, elapsed, isHashed }: ChangeOptions = {}): void {
    const events = event && { events: [{ version, ...event }] };
    if (this.form === 'classic') {
      const patches = patchesOf(this.held as Record<string, unknown>, state as Record<string, unknown>);
      this.hears({ kind: 'sync', version, seq, room: ROOM, from: this.version, patches, ...events });
    } else
      this.compact({
        kind: 'compact',
        seq,
        input,
        version,
        from: this.version,
        ...(elapsed !== undefined && { elapsed }),
        ...(isHashed && { hash: hashValue(state) }),
        ...events,
        patch: encodePatch(this.held, state),
      });
    this.has(version, state);
  }

  private compact(sync: CompactSync): void {
    const shown = { ...sync, ...(sync.state && { state: hex(sync.state) }), ...(sync.patch && { patch: hex(sync.patch) }) };
    this.steps.push({ toPlayer: shown, frame: hex(encodeCompactSync(sync)) });
  }

  private has(version: number, state: unknown): void {
    this.version = version;
    this.held = state;
    this.steps.push({ version, state });
  }
}

interface ChangeOptions {
  readonly seq?: number;
  readonly input?: number;
  readonly event?: { readonly name: string; readonly data?: unknown };
  readonly elapsed?: number;
  readonly isHashed?: boolean;
}

/** Returns the board after these moves. The players move in turn, beginning with seat 0. */
function board(moves: readonly number[]): { cells: (number | null)[]; turn: number; moves: number } {
  const cells = Array<number | null>(9).fill(null);
  for (const [index, cell] of moves.entries()) cells[cell] = index % 2;
  return { cells, turn: moves.length % 2, moves: moves.length };
}

function placedEvent(moves: readonly number[]): { name: string; data: unknown } {
  return { name: 'placed', data: { seat: (moves.length - 1) % 2, cell: moves[moves.length - 1] } };
}

function turnBasedGame(form: 'classic' | 'compact'): SessionVector {
  const session = new Recorder(form);
  session.login();
  session.placed();
  const moves: number[] = [];
  session.whole(0, board(moves));
  let seq = 0;
  for (const cell of [4, 0, 2, 1, 6]) {
    if (moves.length % 2 === 0) {
      seq += 1;
      session.says({ kind: 'command', seq, settled: seq - 1, name: 'place', data: { cell } });
    }
    moves.push(cell);
    session.changed(moves.length, board(moves), { seq, event: placedEvent(moves), isHashed: cell === 1 });
  }
  session.hears({ kind: 'ended', room: ROOM, reason: 'finished', result: { winner: 0, by: 'line', line: [2, 4, 6] } });
  session.says({ kind: 'bye' });
  session.hears({ kind: 'goodbye', code: 'bye', reason: 'The session has ended.' });
  return { name: `a game of tic-tac-toe with ${form} syncs`, steps: session.steps };
}

/**
 * Returns a session in which the gateway dies before it sends the answer to a command. The room has applied the command, and confirms it
 * after the resume.
 */
function resumedGame(): SessionVector {
  const session = new Recorder('classic');
  session.login();
  session.placed();
  session.whole(0, board([]));
  session.says({ kind: 'command', seq: 1, settled: 0, name: 'place', data: { cell: 4 } });
  session.resume(1);
  session.placed({ seq: 1 });
  session.says({ kind: 'command', seq: 1, settled: 0, name: 'place', data: { cell: 4 } });
  session.changed(1, board([4]), { seq: 1, event: placedEvent([4]) });
  session.hears({ kind: 'paused', room: ROOM, reason: 'server-lost' });
  session.placed({ seq: 1, epoch: 2 });
  session.changed(2, board([4, 0]), { seq: 1, event: placedEvent([4, 0]) });
  session.says({ kind: 'command', seq: 2, settled: 1, name: 'place', data: { cell: 0 } });
  session.hears({ kind: 'rejected', seq: 2, code: 'cell-taken', message: 'cell-taken', retry: false });
  session.says({ kind: 'command', seq: 3, settled: 2, name: 'place', data: { cell: 8 } });
  session.changed(3, board([4, 0, 8]), { seq: 3, event: placedEvent([4, 0, 8]) });
  return { name: 'a command on its way when the gateway is lost, and a new owner of the room', steps: session.steps };
}

function rewoundGame(): SessionVector {
  const session = new Recorder('compact');
  session.login();
  session.placed();
  session.whole(0, board([]));
  session.says({ kind: 'command', seq: 1, settled: 0, name: 'place', data: { cell: 4 } });
  session.changed(1, board([4]), { seq: 1, event: placedEvent([4]) });
  session.placed({ epoch: 2, seq: 0, rewound: { from: 1, to: 0 } });
  session.whole(0, board([]));
  session.says({ kind: 'command', seq: 2, settled: 1, name: 'place', data: { cell: 5 } });
  session.changed(1, board([5]), { seq: 2, event: placedEvent([5]) });
  return { name: 'a rewind, after which no number of a command is used again', steps: session.steps };
}

function gameWithSteps(): SessionVector {
  const session = new Recorder('compact');
  const at = (step: number): unknown => ({ step, ships: [{ seat: 0, x: Math.round(1_000 + 12.5 * step) / 10, thrust: step > 1 }] });
  session.login();
  session.placed();
  session.whole(0, at(0), 0, 1_795_359_600_000);
  session.says({ kind: 'input', number: 1, data: { turn: 0, thrust: true } });
  for (let step = 1; step <= 6; step++) {
    if (step === 4) session.says({ kind: 'input', number: 2, data: { turn: -1, thrust: true } });
    session.changed(step, at(step), { input: step < 2 ? 0 : step < 5 ? 1 : 2, elapsed: 50, isHashed: step === 6 });
  }
  return { name: 'a game with steps and inputs', steps: session.steps };
}

/** Returns patches that replace each field whose value differs between `before` and `after`. */
function patchesOf(before: Record<string, unknown>, after: Record<string, unknown>) {
  return Object.keys(after)
    .filter((key) => JSON.stringify(before[key]) !== JSON.stringify(after[key]))
    .map((key) => ({ op: 'replace' as const, path: `/${key}`, value: after[key] }));
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
