import type { GameRoom } from '#libs/room';
import { Log } from '#libs/telemetry';
import { rulesOf } from '../../../../tools/fixtures/room-rules.fixture.js';
import { until } from '../../../../tools/process/until.mjs';
import type { Host } from '../host.fixture.js';
import { Hosts } from '../hosts.fixture.js';

interface Count {
  count: number;
}

const asks: Record<string, (room: GameRoom<Count>) => void> = {
  'schedule a timer that nobody handles': (room) => room.schedule('trun', 10),
  'ask for an effect that nobody handles': (room) => room.effect('payy'),
  'emit to a seat that does not exist': (room) => room.emit('secret', null, [2]),
};

/** A game with a command and a timer that change the state and then use the API of the room wrongly. */
const mistaken = rulesOf<Count>('mistaken', () => ({ count: 0 }), {
  commands: new Map(
    Object.entries({ ...asks, fine: () => {}, late: (room: GameRoom<Count>) => room.schedule('turn', 0) }).map(([name, ask]) => [
      name,
      {
        validate: () => ({ ok: true, value: undefined }),
        run: (room) => {
          room.state.count += 1;
          ask(room);
        },
      },
    ]),
  ),
  timers: new Map([['turn', (room) => room.schedule('trun', 10)]]),
  effects: new Set(['pay']),
});

let hosts: Hosts;
let host: Host;
let logged: jest.SpyInstance;
beforeEach(async () => {
  logged = jest.spyOn(Log.prototype, 'error').mockImplementation(() => {});
  hosts = new Hosts(mistaken as never);
  await hosts.ready();
  host = hosts.add('host');
  await host.auditor.audit('test');
});
afterEach(async () => {
  logged.mockRestore();
  await hosts.close();
});

describe('a handler that misuses the API of its room', () => {
  it.each(Object.keys(asks))('makes the server refuse the command when the handler of the command tries to %s', async (name) => {
    const room = await hosts.open(host);
    await host.does(room, 0, 'fine');
    const before = room.value;
    expect(host.engine.input(room, { kind: 'command', seat: 0, seq: 2, name, data: null })).toEqual({
      kind: 'refused',
      code: 'game-failed',
    });
    expect(room.value).toBe(before);
    expect(logged.mock.calls).toEqual([
      [
        'game.failed',
        expect.objectContaining({
          roomId: room.id,
          game: 'mistaken',
          handler: `command ${name}`,
          error: expect.objectContaining({
            message: expect.stringContaining(`The game mistaken, room ${room.id}, command '${name}': room.`),
          }),
        }),
      ],
    ]);
    await host.does(room, 1, 'fine');
    expect((await hosts.record(room.id)).version).toBe(2);
  });

  it('ends the game when the handler of a timer schedules a timer that has no handler', async () => {
    const room = await hosts.open(host);
    await host.does(room, 0, 'late');
    await until(() => room.value.ended);
    expect(room.value).toMatchObject({ ended: { reason: 'game-failed' }, state: { count: 1 } });
    expect(logged).toHaveBeenCalledTimes(1);
    expect(logged).toHaveBeenCalledWith(
      'game.failed',
      expect.objectContaining({
        handler: 'timer turn',
        error: expect.objectContaining({
          message: expect.stringContaining(`The game mistaken, room ${room.id}, timer 'turn': room.schedule('trun')`),
        }),
      }),
    );
  });
});
