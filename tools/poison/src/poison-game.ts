import { Module } from '@nestjs/common';
import { z } from 'zod';
import { Command, EffectHandler, Game, type GameRoom, type GameRules, OnSeat, OnStep, OnTimer, type Setup, View } from '#libs/game-kit';
import { POISON_NAMES, POISONS, type Poison, SETUP_POISON } from './poisons.js';

const PLACES = ['timer', 'step', 'view', 'effect', 'seat'] as const;
const Act = z.object({ poison: z.enum(POISON_NAMES) });
const Arm = z.object({ poison: z.enum(POISON_NAMES), place: z.enum(PLACES) });

export type Place = (typeof PLACES)[number];

interface Vial {
  moves: number;
  armed: { poison: Poison; place: Place } | null;
}

/** A game with the typical mistakes of hostile or broken game code. */
@Game({ name: 'poison', version: 1, seats: { min: 1, max: 2 }, seatGraceMs: 1_000 })
export class PoisonGame implements GameRules<Vial> {
  setup(room: Setup): Vial {
    const [{ name }] = room.seats;
    if (name.startsWith(SETUP_POISON)) POISONS[name.slice(SETUP_POISON.length) as Poison]();
    return { moves: 0, armed: null };
  }

  /** A harmless move. */
  @Command()
  move(room: GameRoom<Vial>): void {
    room.state.moves += 1;
  }

  @Command(Act)
  act(_room: GameRoom<Vial>, { poison }: z.infer<typeof Act>): void {
    POISONS[poison]();
  }

  @Command(Arm)
  arm(room: GameRoom<Vial>, { poison, place }: z.infer<typeof Arm>): void {
    if (place === 'effect') room.effect('poison', poison);
    else if (place === 'timer') room.schedule('poison', 50);
    room.state.armed = { poison, place };
  }

  @OnTimer('poison')
  protected timer(room: GameRoom<Vial>): void {
    release(room.state, 'timer');
  }

  @OnStep(5)
  protected step(room: GameRoom<Vial>): void {
    release(room.state, 'step');
  }

  @OnSeat('left')
  protected left(room: GameRoom<Vial>): void {
    release(room.state, 'seat');
  }

  @View()
  protected view(state: Vial): Vial {
    release(state, 'view');
    return state;
  }

  @EffectHandler('poison')
  protected effect({ data }: { data: Poison }): void {
    POISONS[data]();
  }
}

function release({ armed }: Vial, place: Place): void {
  if (armed?.place === place) POISONS[armed.poison]();
}

@Module({ providers: [PoisonGame] })
export class PoisonGameModule {}
