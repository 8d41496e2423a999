import type { RoomRules } from '#libs/room';

/** A game of two seats that does nothing, except for `rest`. */
export function rulesOf<State extends object>(
  name: string,
  setup: RoomRules<State>['setup'],
  rest: Partial<RoomRules<State>> = {},
): RoomRules<State> {
  return {
    definition: {
      name,
      version: 1,
      seats: { min: 2, max: 2 },
      durability: 'every-change',
      checkpointMs: 1_000,
      stepHz: 0,
      seatGraceMs: 60_000,
    },
    setup,
    commands: new Map(),
    timers: new Map(),
    seatEvents: new Map(),
    step: null,
    view: null,
    migrateState: null,
    ...rest,
  };
}

/** A game in which every command adds one. */
const counting = rulesOf<{ count: number }>('count', () => ({ count: 0 }), {
  commands: new Map([
    [
      'add',
      {
        validate: () => ({ ok: true, value: null }),
        run: (room) => {
          room.state.count += 1;
        },
      },
    ],
  ]),
});

export const COUNTING = counting as unknown as RoomRules<never>;
