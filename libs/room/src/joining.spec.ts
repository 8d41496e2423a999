import type { RoomId, UserId } from '#libs/protocol';
import { rulesOf } from '../../../tools/fixtures/room-rules.fixture.js';
import { applyChange } from './apply-change.js';
import type { RoomInput, RoomOutcome } from './room-input.js';
import { RoomMachine } from './room-machine.js';
import type { BotRule, CommandRule, GameRoom, SeatEvent } from './room-rules.js';
import type { Change, RoomValue } from './room-value.js';

interface Ships {
  ships: string[];
  seen: string[];
}
type Handler = (room: GameRoom<Ships>, data?: unknown) => void;

const IDLE_BOT: BotRule = { everyMs: 100, move: () => null };

/** A game for 2 to 4 players that records its seat events. The test also applies each change to the previous value, as a recovery does. */
class Arena {
  readonly machine: RoomMachine<Ships>;
  value: RoomValue<Ships>;

  constructor(
    commands: Record<string, Handler> = {},
    bot: BotRule | null = IDLE_BOT,
    setUp: (room: Pick<GameRoom<Ships>, 'addBot'>) => void = () => {},
    onLeft: (room: GameRoom<Ships>) => void = () => {},
  ) {
    const noted = (event: SeatEvent) => (room: GameRoom<Ships>) => {
      room.state.seen.push(`${event} ${room.seat} ${room.seats[room.seat]?.name}`);
      if (event === 'left') onLeft(room);
    };
    const begin = (room: Pick<GameRoom<Ships>, 'addBot'>): Ships => {
      setUp(room);
      return { ships: [], seen: [] };
    };
    this.machine = new RoomMachine<Ships>(
      rulesOf<Ships>('arena', begin, {
        definition: { seats: { min: 1, max: 4 }, joinable: true },
        commands: new Map(
          Object.entries(commands).map(([name, run]): [string, CommandRule<Ships>] => [
            name,
            { validate: (data) => (data === 'bad' ? { ok: false, message: 'bad' } : { ok: true, value: data }), run },
          ]),
        ),
        seatEvents: new Map((['joined', 'away', 'back', 'left'] as const).map((event) => [event, noted(event)])),
        bot,
      }),
      { now: () => 1_000, random: () => 0.5 },
    );
    const players = ['Ann', 'Bob'].map((name) => ({ user: name.toLowerCase() as UserId, name }));
    this.value = this.machine.start('r' as RoomId, players).value;
  }

  handle(input: RoomInput): RoomOutcome<Ships> {
    const before = this.value;
    const outcome = this.machine.handle(before, input);
    if (outcome.kind !== 'changed') return outcome;
    expect(applyChange(before, JSON.parse(JSON.stringify(outcome.change)) as Change)).toEqual(outcome.value);
    this.value = outcome.value;
    return outcome;
  }

  join(seat: number, name: string): string {
    return this.handle({ kind: 'seat', seat, event: 'joined', user: name.toLowerCase() as UserId, name }).kind;
  }

  command(name: string, data?: unknown): RoomOutcome<Ships> {
    return this.handle({ kind: 'command', seat: 0, seq: this.value.seats[0]!.seq + 1, name, data });
  }

  get names(): string[] {
    return this.value.seats.map(({ name, presence, bot }) => `${name} ${presence}${bot ? ' bot' : ''}`);
  }

  get seen(): string[] {
    return this.value.state.seen.splice(0);
  }
}

describe('a player who joins a running game', () => {
  it('gets a new seat after the last seat', () => {
    const arena = new Arena();
    expect(arena.seen).toEqual(['joined 0 Ann', 'joined 1 Bob']);
    expect(arena.join(2, 'Cy')).toBe('changed');
    expect(arena.names).toEqual(['Ann here', 'Bob here', 'Cy here']);
    expect(arena.value.state.seen).toEqual(['joined 2 Cy']);
  });

  it('gets a free seat, and continues the sequence numbers of the seat', () => {
    const arena = new Arena({ go: () => {} });
    arena.command('go');
    arena.handle({ kind: 'seat', seat: 0, event: 'left' });
    arena.join(0, 'Cy');
    expect(arena.value.seats[0]).toEqual({ user: 'cy', name: 'Cy', presence: 'here', seq: 1, refused: [] });
  });

  it('gets the seat of a player who is away, after `left` has run for that player', () => {
    const arena = new Arena();
    arena.handle({ kind: 'seat', seat: 1, event: 'away' });
    arena.value.state.seen.length = 0;
    arena.join(1, 'Cy');
    expect(arena.value.state.seen).toEqual(['left 1 Bob', 'joined 1 Cy']);
    expect(arena.value.timers).toEqual({});
  });

  it('changes nothing when the player already has the seat or the seat number is too high', () => {
    const arena = new Arena();
    expect(arena.join(1, 'Bob')).toBe('unchanged');
    expect(arena.join(3, 'Cy')).toBe('unchanged');
  });

  it('can return to the seat after leaving the game', () => {
    const arena = new Arena();
    arena.handle({ kind: 'seat', seat: 1, event: 'left' });
    expect(arena.join(1, 'Bob')).toBe('changed');
    expect(arena.names).toEqual(['Ann here', 'Bob here']);
  });
});

describe('the lock of a game', () => {
  it('is part of the room value until the game removes the lock', () => {
    const seen: boolean[] = [];
    const arena = new Arena({
      lock: (room) => {
        room.lock();
        seen.push(room.isLocked);
      },
      unlock: (room) => room.unlock(),
    });
    const change = arena.command('lock');
    expect(change).toMatchObject({ kind: 'changed', change: { locked: true } });
    expect([arena.value.locked, seen]).toEqual([true, [true]]);
    expect(arena.command('lock')).not.toMatchObject({ change: { locked: expect.anything() } });
    arena.command('unlock');
    expect(arena.value).not.toHaveProperty('locked');
  });
});

describe('a bot in a game', () => {
  const commands = {
    add: (room: GameRoom<Ships>, name: unknown) => void room.state.ships.push(String(room.addBot(name as string))),
    remove: (room: GameRoom<Ships>, seat: unknown) => room.removeBot(seat as number),
    fly: (room: GameRoom<Ships>, how: unknown) => {
      room.state.ships.push(`${room.seat} ${how}`);
      if (how === 'away') room.reject('too-far');
    },
  };

  it('gets a free seat, or no seat when all seats are taken', () => {
    const arena = new Arena(commands);
    for (const name of ['R1', 'R2', 'R3']) arena.command('add', name);
    expect(arena.value.state.ships).toEqual(['2', '3', 'null']);
    expect(arena.names).toEqual(['Ann here', 'Bob here', 'R1 here bot', 'R2 here bot']);
  });

  it('plays from the start when the setup adds the bot', () => {
    const arena = new Arena(commands, undefined, (room) => void room.addBot('R1'));
    expect(arena.names).toEqual(['Ann here', 'Bob here', 'R1 here bot']);
    expect(arena.seen).toEqual(['joined 0 Ann', 'joined 1 Bob']);
  });

  it('frees its seat for the next bot when the game removes the bot', () => {
    const arena = new Arena(commands);
    arena.command('add', 'R1');
    arena.command('remove', 2);
    expect(arena.names[2]).toBe('R1 left bot');
    arena.command('add', 'R2');
    expect(arena.names).toEqual(['Ann here', 'Bob here', 'R2 here bot']);
  });

  it('is replaced by a player who takes its seat', () => {
    const arena = new Arena(commands);
    arena.command('add', 'R1');
    arena.value.state.seen.length = 0;
    arena.join(2, 'Cy');
    expect(arena.names[2]).toBe('Cy here');
    expect(arena.value.state.seen).toEqual(['left 2 R1', 'joined 2 Cy']);
  });

  it('is added again in a free seat when a joining player takes its seat', () => {
    const arena = new Arena(commands, IDLE_BOT, undefined, (room) => void room.state.ships.push(String(room.addBot('R2'))));
    arena.command('add', 'R1');
    arena.value.state.ships.length = 0;
    arena.join(2, 'Cy');
    expect(arena.names).toEqual(['Ann here', 'Bob here', 'Cy here', 'R2 here bot']);
    arena.join(3, 'Di');
    expect(arena.names).toEqual(['Ann here', 'Bob here', 'Cy here', 'Di here']);
    expect(arena.value.state.ships).toEqual(['3', 'null']);
  });

  it('is refused in a game without a @Bot method', () => {
    expect(new Arena(commands, null).command('add', 'R1')).toMatchObject({
      kind: 'failed',
      error: { message: expect.stringContaining("room.addBot('R1') is called, but no code plays bots: add a method with @Bot.") },
    });
  });

  it('does not keep the game running when all players have left', () => {
    const arena = new Arena(commands);
    arena.command('add', 'R1');
    for (const seat of [0, 1]) arena.handle({ kind: 'seat', seat, event: 'left' });
    expect(arena.value.ended).toEqual({ reason: 'abandoned' });
  });

  it.each<[string, BotRule['move'], object]>([
    [
      'runs the command of its move',
      () => ({ command: 'fly', data: 'up' }),
      { kind: 'changed', value: { state: { ships: ['2', '2 up'] } } },
    ],
    ['changes nothing when its move has no command', () => null, { kind: 'unchanged' }],
    [
      'is refused when the handler rejects the command of its move',
      () => ({ command: 'fly', data: 'away' }),
      { kind: 'refused', code: 'too-far' },
    ],
    ['is refused when the data of its move is invalid', () => ({ command: 'fly', data: 'bad' }), { kind: 'refused', code: 'bad-data' }],
    ['fails when the command of its move is unknown', () => ({ command: 'swim' }), { kind: 'failed' }],
  ])('%s', (_what, move, outcome) => {
    const arena = new Arena(commands, { everyMs: 100, move });
    arena.command('add', 'R1');
    expect(arena.handle({ kind: 'bot', seat: 2 })).toMatchObject(outcome);
    if (!('value' in outcome)) expect(arena.value.state.ships).toEqual(['2']);
  });

  it('makes no move in the seat of a player', () => {
    const arena = new Arena(commands, { everyMs: 100, move: () => ({ command: 'fly' }) });
    expect(arena.handle({ kind: 'bot', seat: 0 })).toEqual({ kind: 'unchanged' });
    expect(arena.handle({ kind: 'bot', seat: 7 })).toEqual({ kind: 'unchanged' });
  });

  it('receives the view of its seat and the random numbers of the room', () => {
    const views: unknown[] = [];
    const arena = new Arena(commands, {
      everyMs: 100,
      move: (view, { seat, seats, random }) => {
        views.push(view, seat, seats[seat]!.bot, random());
        return null;
      },
    });
    arena.command('add', 'R1');
    arena.handle({ kind: 'bot', seat: 2 });
    expect(views).toEqual([arena.value.state, 2, true, 0.5]);
  });
});

describe('a game that begins with bots', () => {
  const players = [
    { user: 'ann' as UserId, name: 'Ann' },
    { user: 'bot:1' as UserId, name: 'Bot 1', bot: true as const },
  ];

  it('continues when a player takes the seat of a bot', () => {
    const arena = new Arena();
    arena.value = arena.machine.start('r' as RoomId, players).value;
    expect(arena.value.seats.map(({ name, bot }) => [name, bot])).toEqual([
      ['Ann', undefined],
      ['Bot 1', true],
    ]);
    expect(arena.handle({ kind: 'seat', event: 'joined', seat: 1, user: 'cy' as UserId, name: 'Cy' })).toMatchObject({ kind: 'changed' });
    expect(arena.value.seats[1]).toMatchObject({ user: 'cy', name: 'Cy' });
    expect(arena.value.seats[1]?.bot).toBeUndefined();
  });

  it('is refused when the game has no @Bot method', () => {
    const { machine } = new Arena({}, null);
    expect(() => machine.start('r' as RoomId, players)).toThrow('add a method with @Bot');
  });
});
