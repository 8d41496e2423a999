import { Module } from '@nestjs/common';
import { z } from 'zod';
import { Command, Game, type GameRoom, type GameRules, OnTimer, type Setup } from '#libs/game-kit';
import { BEAT_MS, type ChainResult, type Entry, FIRST_HASH, type Link, nextHash } from './chain.js';

interface Chain {
  /** The name of the game, which is unique within a run. */
  game: string;
  /** The number of commands after which the game ends. */
  target: number;
  sums: number[];
  commands: number;
  entries: Entry[];
  hash: number;
}

const Add = z.object({ n: z.int(), id: z.string().max(64) });
const TARGET_MIN = 15;
const TARGET_MAX = 45;

/** A game for checks: its state contains all commands and timer events of the game, in order. */
@Game({ name: 'chain', version: 1, seats: { min: 2, max: 4 } })
export class ChainGame implements GameRules<Chain> {
  setup(room: Setup): Chain {
    room.schedule('beat', BEAT_MS);
    return {
      game: `${room.id}-${Math.floor(room.random() * 2 ** 48).toString(36)}`,
      target: TARGET_MIN + Math.floor(room.random() * (TARGET_MAX - TARGET_MIN)),
      sums: room.seats.map(() => 0),
      commands: 0,
      entries: [],
      hash: FIRST_HASH,
    };
  }

  @Command(Add)
  add(room: GameRoom<Chain>, { n, id }: z.infer<typeof Add>): void {
    const { state, seat } = room;
    // The handler changes the state before it refuses the command. The refusal must undo these changes.
    state.sums[seat] += n;
    state.commands += 1;
    link(room, { kind: 'add', id, seat, n });
    if (n < 0) room.reject('negative');
    if (state.commands < state.target) return;
    room.cancel('beat');
    room.end({ game: state.game, entries: [...state.entries], hash: state.hash } satisfies ChainResult);
  }

  @OnTimer('beat')
  protected beat(room: GameRoom<Chain>): void {
    link(room, { kind: 'beat', id: String(room.now), seat: -1, n: 0 });
    room.schedule('beat', BEAT_MS);
  }
}

function link(room: GameRoom<Chain>, entry: Entry): void {
  const { state } = room;
  state.entries.push(entry);
  state.hash = nextHash(state.hash, entry);
  room.emit('linked', { ...entry, game: state.game, index: state.entries.length, hash: state.hash } satisfies Link);
}

@Module({ providers: [ChainGame] })
export class ChainGameModule {}
