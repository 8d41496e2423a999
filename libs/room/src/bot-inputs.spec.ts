import type { RoomId, UserId } from '#libs/protocol';
import { rulesOf } from '../../../tools/fixtures/room-rules.fixture.js';
import { RoomMachine } from './room-machine.js';
import type { BotMove, InputRule } from './room-rules.js';
import type { RoomValue } from './room-value.js';
import { SeatInputs } from './seat-inputs.js';

interface Held {
  held: (unknown | null)[];
}

const INPUT: InputRule = {
  queue: 0,
  validate: (value) => (value === 'invalid' ? { ok: false, message: 'no' } : { ok: true, value }),
};

/** Makes a game with a player in seat 0 and a bot in seat 1. Each step writes the player inputs of both seats to the state. */
function gameWithBot(move: () => BotMove | null, input: InputRule | null = INPUT) {
  const setup = (room: { addBot(name: string): unknown }): Held => {
    room.addBot('R1');
    return { held: [] };
  };
  const rules = rulesOf<Held>('held', setup, {
    definition: { seats: { min: 1, max: 2 }, stepHz: 20 },
    input,
    step: (room) => void Object.assign(room.state, { held: [0, 1].map((seat) => room.input(seat) ?? null) }),
    bot: { everyMs: 50, move },
  });
  const machine = new RoomMachine<Held>(rules, { now: () => 1_000, random: () => 0.5 });
  let value: RoomValue<Held> = machine.start('r' as RoomId, [{ user: 'ann' as UserId, name: 'Ann' }]).value;
  const counted: string[] = [];
  const inputs = new SeatInputs(input?.queue ?? 0, value.seats, {
    taken: () => counted.push('taken'),
    dropped: (why) => counted.push(why),
  });
  const bot = () => machine.handle(value, { kind: 'bot', seat: 1, inputs });
  const step = () => {
    const outcome = machine.handle(value, { kind: 'step', inputs });
    if (outcome.kind === 'changed') value = outcome.value;
    return outcome.kind === 'changed' ? { held: outcome.value.state.held, seats: outcome.change.seats } : outcome.kind;
  };
  return { bot, step, inputs, counted };
}

describe('the player input of a bot', () => {
  it('is used by the next steps, but is not part of any recorded change', () => {
    const { bot, step, inputs, counted } = gameWithBot(() => ({ input: 'left' }));
    inputs.take(0, 4, 'up');
    expect(bot()).toEqual({ kind: 'unchanged' });
    expect(step()).toEqual({ held: ['up', 'left'], seats: { 0: { input: 4 } } });
    expect(step()).toBe('unchanged');
    expect(counted).toEqual(['taken']);
  });

  it('replaces the earlier player input of the bot', () => {
    let input = 'left';
    const { bot, step, counted } = gameWithBot(() => ({ input }));
    bot();
    input = 'right';
    bot();
    expect(step()).toMatchObject({ held: [null, 'right'] });
    expect(counted).toEqual([]);
  });

  it('is not replaced when the schema refuses a new one', () => {
    let input = 'left';
    const { bot, step } = gameWithBot(() => ({ input }));
    bot();
    step();
    input = 'invalid';
    expect(bot()).toEqual({ kind: 'refused', code: 'bad-data', message: 'no' });
    expect(step()).toBe('unchanged');
  });

  it('is copied, so that later changes of the object that the bot returned have no effect', () => {
    const input = { keys: ['up'] };
    const { bot, step } = gameWithBot(() => ({ input }));
    bot();
    input.keys.push('down');
    expect(step()).toMatchObject({ held: [null, { keys: ['up'] }] });
    expect(() => input.keys.push('left')).not.toThrow();
  });

  it("makes the bot's move fail in a game without player inputs", () => {
    const { bot } = gameWithBot(() => ({ input: 'left' }), null);
    expect(bot()).toMatchObject({ kind: 'failed', error: { message: expect.stringContaining('add @Input(Schema) to its class') } });
  });

  it('is dropped when a player takes the seat', () => {
    const { bot, step, inputs, counted } = gameWithBot(() => ({ input: 'left' }));
    bot();
    inputs.release(1);
    expect(step()).toMatchObject({ held: [null, null] });
    expect(counted).toEqual([]);
  });
});
