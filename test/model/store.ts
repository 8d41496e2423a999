/**
 * The scripts of `libs/room-store/src/scripts` as pure functions over the record of one room. The explorer uses them. `store.spec.ts` runs
 * the same random sequences through these functions and through the real scripts, so that both behave the same.
 */

/** The data of one room in all of its keys. Fields that no script reads, such as `since`, are left out. */
export interface StoredRoom {
  /** The epoch of the owner. Null: the room never had an owner. */
  readonly epoch: number | null;
  readonly owner: string;
  readonly incarnation: number | null;
  readonly version: number;
  readonly batch: string;
  readonly status: string;
  readonly start: string;
  readonly round: number;
  readonly rev: number;
  readonly doc: string;
  readonly game: string;
  readonly durability: string;
  readonly result: string | null;
  /** The downtime before the last adoption, as `version:ms`. The version is that of the adoption. '' : there was no downtime. */
  readonly paused: string;
  /** The changes, one per element. The last change led to `version`. */
  readonly log: readonly string[];
  readonly checkpoint: string | null;
  readonly effects: string | null;
}

export interface Tenure {
  readonly epoch: number;
  readonly owner: string;
  readonly incarnation: number;
}

export const ANSWERS = ['ok', 'fenced', 'behind', 'missing', 'conflict'] as const;
export type Answer = (typeof ANSWERS)[number];

export interface Written {
  readonly answer: Answer;
  readonly room: StoredRoom | null;
}

export interface AppendArgs extends Tenure {
  readonly from: number;
  readonly batch: string;
  readonly changes: readonly string[];
}

export function append(room: StoredRoom | null, args: AppendArgs): Written {
  const refusal = refusalOf(room, args);
  if (refusal) return { answer: refusal, room };
  const { version, batch, log } = room as StoredRoom;
  const after = args.from + args.changes.length;
  if (version === args.from)
    return { answer: 'ok', room: { ...(room as StoredRoom), version: after, batch: args.batch, log: [...log, ...args.changes] } };
  if (version === after && batch === args.batch) return { answer: 'ok', room };
  return { answer: version > args.from ? 'conflict' : 'behind', room };
}

export interface FinishArgs extends Tenure {
  /** The version that the room must have in the store. Null: any version. */
  readonly from: number | null;
  readonly batch: string;
  readonly result: string;
  readonly effects: string;
}

export function finish(room: StoredRoom | null, args: FinishArgs): Written {
  if (room?.epoch == null) return { answer: 'missing', room };
  if (room.status !== 'playing' && room.batch === args.batch) return { answer: 'ok', room };
  const refusal = refusalOf(room, args);
  if (refusal) return { answer: refusal, room };
  if (args.from !== null && room.version !== args.from) return { answer: room.version > args.from ? 'conflict' : 'behind', room };
  return { answer: 'ok', room: { ...gameOver(room, args.result), batch: args.batch, effects: args.effects || room.effects } };
}

export interface CheckpointArgs extends Tenure {
  readonly version: number;
  readonly state: string;
  /** True: the room has no log, so the checkpoint sets the version. */
  readonly isVolatile: boolean;
}

export function checkpoint(room: StoredRoom | null, args: CheckpointArgs): Written {
  const refusal = refusalOf(room, args);
  if (refusal) return { answer: refusal, room };
  const before = room as StoredRoom;
  if (before.version < args.version && !args.isVolatile) return { answer: 'behind', room };
  const version = Math.max(before.version, args.version);
  // The checkpoint is too old: the changes between its version and the first change of the log are missing. So the store keeps its own
  // checkpoint.
  if (before.version - before.log.length > args.version) return { answer: 'ok', room };
  return { answer: 'ok', room: { ...before, version, checkpoint: args.state, log: logAfter(before, args.version) } };
}

/** Returns the log without the changes up to `version`. */
export function logAfter({ log, version: last }: StoredRoom, version: number): readonly string[] {
  return last > version ? log.slice(Math.max(0, log.length - (last - version))) : [];
}

export interface HandoffArgs extends Tenure {
  readonly version: number;
  readonly to: Tenure;
  readonly state: string;
}

export function handoff(room: StoredRoom | null, args: HandoffArgs): Written {
  if (room?.epoch == null) return { answer: 'missing', room };
  if (room.epoch === args.to.epoch && isOwner(room, args.to)) return { answer: 'ok', room };
  if (room.epoch > args.epoch || room.status !== 'playing') return { answer: 'fenced', room };
  if (room.epoch < args.epoch) return { answer: 'behind', room };
  if (!isOwner(room, args) || room.version > args.version) return { answer: 'fenced', room };
  return { answer: 'ok', room: { ...room, ...args.to, version: args.version, checkpoint: args.state, log: [] } };
}

export interface ReassertArgs extends Tenure {
  readonly version: number;
  readonly batch: string;
  /** The whole value of the room. '' : the game is not stored and ends with its server. */
  readonly state: string;
  readonly doc: string;
  /** The revision of the document. */
  readonly rev: number;
  readonly game: string;
  readonly durability: string;
  readonly round: number;
  readonly start: string;
}

/** Restores a whole room in the store (`reassert`). `isClosed`: the store has the key `closed` of the room. */
export function reassert(room: StoredRoom | null, args: ReassertArgs, isClosed = false): Written {
  if (!room && isClosed) return { answer: 'fenced', room };
  if (room?.epoch != null) {
    if (room.epoch > args.epoch) return { answer: 'fenced', room };
    if (room.epoch === args.epoch && (!isOwner(room, args) || room.version > args.version)) return { answer: 'fenced', room };
  }
  if ((room?.round ?? 0) > args.round) return { answer: 'fenced', room };
  const { epoch, owner, incarnation, version, batch, game, durability, start, round } = args;
  const { doc, rev } = room && room.rev >= args.rev ? room : args;
  const known = room ?? EMPTY;
  const written = { epoch, owner, incarnation, version, batch, game, durability, start, round, status: 'playing', result: null };
  return { answer: 'ok', room: { ...known, ...written, doc, rev, log: [], checkpoint: args.state || known.checkpoint } };
}

/** The part of a record that a gateway keeps in its memory. */
export type KnownRoom = Pick<StoredRoom, 'rev' | 'doc' | 'game' | 'status' | 'round' | 'result' | 'start' | 'epoch'>;

export function restoreRoom(room: StoredRoom | null, known: KnownRoom, isClosed = false): { answer: Restored; room: StoredRoom | null } {
  if (!room && isClosed) return { answer: 'closed', room };
  if (room && room.rev >= known.rev) return { answer: 'known', room };
  const { rev, doc, game, round, result, start, status } = known;
  const isPlaying = room?.status === 'playing';
  const before = room ?? EMPTY;
  let next: StoredRoom = { ...before, rev, doc, game };
  if (status === 'playing') {
    if (!room || before.round < round)
      next = { ...(isPlaying ? withoutGame(next) : next), status: 'waiting', round, start: '', result: null };
  } else if (!isPlaying || before.round < round || (before.epoch ?? 0) <= (known.epoch ?? 0)) {
    const epoch = (known.epoch ?? 0) > (before.epoch ?? 0) ? known.epoch : before.epoch;
    next = { ...(isPlaying ? withoutGame(next) : next), status, round, start, epoch, result };
  }
  return { answer: 'restored', room: next };
}

export const RESTORED = ['restored', 'closed', 'known'] as const;
export type Restored = (typeof RESTORED)[number];

export interface EndArgs {
  readonly epoch: number;
  readonly batch: string;
  readonly result: string;
  /** The effects of the last change. '' : there are none. */
  readonly effects: string;
  /** The revision of the record after the end of the game. */
  readonly rev: number;
  readonly doc: string;
  readonly round: number;
  readonly game: string;
}

/**
 * Restores the end of a game (`restore-end`). Writes nothing without a record, and answers `missing`. If the room has members, a gateway of
 * a member restores the record.
 */
export function restoreEnd(room: StoredRoom | null, args: EndArgs): Written {
  if (!room) return { answer: 'missing', room };
  if ((room.epoch ?? 0) > args.epoch || room.round > args.round) return { answer: 'fenced', room };
  if (room.batch === args.batch && room.status !== 'playing') return { answer: 'ok', room };
  const { epoch, batch, result, round, effects } = args;
  const over = { owner: '', incarnation: null, start: '', status: 'waiting', result, round, log: [], checkpoint: null };
  const ended = room.round < round ? { ...room, ...over } : room;
  const { doc, rev, game } = room.rev >= args.rev ? room : args;
  return { answer: 'ok', room: { ...ended, epoch, batch, doc, rev, game, effects: effects || room.effects } };
}

export interface SaveArgs {
  /** The revision that the record must have. Null: the record must not exist. */
  readonly rev: number | null;
  readonly doc: string;
  /** The status that the record gets. Empty: the record keeps its status. */
  readonly status: string;
  /** The id of the game start that the record gets. Empty: the record keeps its id. */
  readonly start: string;
  readonly game: string;
}

/** Writes the record for a lobby. `isSaved` is false when the record has another revision than the lobby read. */
export function save(room: StoredRoom | null, args: SaveArgs, now: number): { isSaved: boolean; room: StoredRoom | null } {
  const { rev, doc, status, start, game } = args;
  if ((room?.rev ?? null) !== rev) return { isSaved: false, room };
  if (!room) return { isSaved: true, room: { ...EMPTY, doc, status, start, game, rev: now } };
  return { isSaved: true, room: { ...room, doc, status: status || room.status, start: start || room.start, rev: room.rev + 1 } };
}

/**
 * Closes a room. Does nothing when the record has changed or a game runs. `closed` of the result: the epoch that the script writes to the
 * key `closed`. Null: the script did not close the room.
 */
export function close(room: StoredRoom | null, rev: number): { closed: number | null; room: StoredRoom | null } {
  if (room?.rev !== rev || room.status === 'playing') return { closed: null, room };
  return { closed: room.epoch ?? 0, room: null };
}

/** The room of a user, and the number of the user's last request. */
export interface StoredUser {
  /** '' : the user is in no room. */
  readonly room: string;
  readonly turn: number;
  readonly movedTurn: number;
  readonly movedNumber: number;
}

export const NOBODY: StoredUser = { room: '', turn: 0, movedTurn: 0, movedNumber: 0 };

/** The position of a request in the request order: the number of the admission, and the number of the request within it. */
export interface Asked {
  readonly turn: number;
  readonly number: number;
}

export function isLate(user: StoredUser, { turn, number }: Asked): boolean {
  return turn < user.turn || turn < user.movedTurn || (turn === user.movedTurn && number < user.movedNumber);
}

/** `from`: the room in which the user must be. '' : any room. */
export function moveUser(user: StoredUser, room: string, asked: Asked, from = ''): { isMoved: boolean; user: StoredUser } {
  if (isLate(user, asked) || (from !== '' && user.room !== from)) return { isMoved: false, user };
  return { isMoved: true, user: { ...user, room, movedTurn: asked.turn, movedNumber: asked.number } };
}

export function leaveUser(user: StoredUser, room: string, asked: Asked): { isOut: boolean; user: StoredUser } {
  const isThere = user.room === room;
  if (isLate(user, asked)) return { isOut: !isThere, user };
  return { isOut: true, user: { ...user, room: isThere ? '' : user.room, movedTurn: asked.turn, movedNumber: asked.number } };
}

export function restoreUser(user: StoredUser, room: string, asked: Asked): { outcome: 'late' | 'written' | 'moved'; user: StoredUser } {
  if (asked.turn < user.turn) return { outcome: 'late', user };
  if (user.movedTurn > asked.turn || (user.movedTurn === asked.turn && user.movedNumber >= asked.number)) return { outcome: 'moved', user };
  return { outcome: 'written', user: { room, turn: asked.turn, movedTurn: asked.turn, movedNumber: asked.number } };
}

export interface AdoptArgs {
  readonly expected: Tenure;
  readonly owner: string;
  readonly incarnation: number;
  /** The lowest allowed value of the new epoch. */
  readonly epochMin: number;
  readonly aloneMs?: number;
}

export interface Adopted {
  readonly epoch: number;
  readonly version: number;
  readonly batch: string;
  readonly checkpoint: string;
  readonly log: readonly string[];
  readonly pausedMs: number;
}

export function adopt(room: StoredRoom | null, args: AdoptArgs, now: number): { adopted: Adopted | null; room: StoredRoom | null } {
  if (room === null || !isHeldBy(room, args.expected) || room.status !== 'playing') return { adopted: null, room };
  const { version, batch, log } = room;
  const epoch = Math.max((room.epoch as number) + 1, now, args.epochMin);
  const { owner, incarnation, aloneMs = 0 } = args;
  const [at, ms] = room.paused.split(':').map(Number);
  const pausedMs = room.paused !== '' && at === version ? ms : 0;
  const paused = pausedMs + aloneMs > 0 ? `${version}:${pausedMs + aloneMs}` : room.paused;
  return {
    adopted: { epoch, version, batch, checkpoint: room.checkpoint ?? '', log, pausedMs },
    room: { ...room, paused, epoch, owner, incarnation, rev: room.rev + 1 },
  };
}

export interface AbandonArgs {
  readonly expected: Tenure;
  readonly result: string;
}

export function abandon(room: StoredRoom | null, args: AbandonArgs): { abandoned: boolean; room: StoredRoom | null } {
  if (room === null || !isHeldBy(room, args.expected) || room.status !== 'playing') return { abandoned: false, room };
  return { abandoned: true, room: { ...gameOver(room, args.result), batch: '', epoch: (room.epoch as number) + 1 } };
}

export interface OpenArgs {
  readonly start: string;
  readonly owner: string;
  readonly incarnation: number;
  readonly checkpoint: string;
  readonly durability: string;
}

/** Returns the epoch of the opened game. 0: the room does not wait for this start. */
export function open(room: StoredRoom | null, args: OpenArgs, now: number): { epoch: number; room: StoredRoom | null } {
  if (room === null || room.start !== args.start) return { epoch: 0, room };
  if (room.status === 'playing' && isOwner(room, args)) return { epoch: room.epoch as number, room };
  if (room.status !== 'starting') return { epoch: 0, room };
  const epoch = Math.max((room.epoch ?? 0) + 1, now);
  const { owner, incarnation, durability } = args;
  const begun = { status: 'playing', owner, incarnation, epoch, durability, version: 0, batch: '', result: null, paused: '', log: [] };
  return { epoch, room: { ...room, ...begun, checkpoint: args.checkpoint || null, rev: room.rev + 1 } };
}

export const EMPTY: StoredRoom = {
  epoch: null,
  owner: '',
  incarnation: null,
  version: 0,
  batch: '',
  status: '',
  start: '',
  round: 0,
  rev: 0,
  doc: '',
  game: '',
  durability: '',
  result: null,
  paused: '',
  log: [],
  checkpoint: null,
  effects: null,
};

/** Checks the fence of a write. Returns the answer with which the store refuses the write. Null: the store accepts the write. */
function refusalOf(room: StoredRoom | null, args: Tenure): Answer | null {
  if (room?.epoch == null) return 'missing';
  if (room.epoch > args.epoch) return 'fenced';
  if (room.epoch < args.epoch) return 'behind';
  return !isOwner(room, args) || room.status !== 'playing' ? 'fenced' : null;
}

function isOwner(room: StoredRoom, { owner, incarnation }: { owner: string; incarnation: number }): boolean {
  return room.owner === owner && room.incarnation === incarnation;
}

function isHeldBy(room: StoredRoom, tenure: Tenure): boolean {
  return room.epoch === tenure.epoch && isOwner(room, tenure);
}

function gameOver(room: StoredRoom, result: string): StoredRoom {
  const nobody = { owner: '', incarnation: null, start: '' };
  return { ...room, ...nobody, status: 'waiting', result, round: room.round + 1, log: [], checkpoint: null, rev: room.rev + 1 };
}

function withoutGame(room: StoredRoom): StoredRoom {
  return { ...room, owner: '', incarnation: null, batch: '', log: [], checkpoint: null };
}
