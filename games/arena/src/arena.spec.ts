import { GameTest } from '#libs/game-kit';
import { Arena } from './arena.js';
import { ArenaModule } from './arena.module.js';
import { moveShip } from './motion.js';
import { steer } from './pilot.js';
import { hitBy, isSpent } from './shots.js';
import { BEHIND_MAX, FIELD, IDLE, ROCKS, SHIP_RADIUS, SHIP_STATUS, type Ship, STEP_HZ } from './world.js';

const play = (players: string[], options: Parameters<typeof ArenaModule.forRoot>[0] = {}) =>
  GameTest.create(Arena, { players, imports: [ArenaModule.forRoot({ shipsMin: 1, ...options })] });

const THRUST = { turn: 0, thrust: true, fire: false } as const;
const FIRE = { turn: 0, thrust: false, fire: true } as const;

describe('the arena game', () => {
  it('gives each player a ship, and adds ships of bots up to `shipsMin`', async () => {
    const game = await play(['Ann', 'Bob'], { shipsMin: 4 });
    expect(pilots(game)).toEqual(['Ann', 'Bob', 'Bot 1', 'Bot 2']);
  });

  it('accelerates a ship while the player holds the engine key, and slows the ship down afterwards', async () => {
    const game = await play(['Ann']);
    const { x, y } = game.state.ships[0]!;
    game.input(0, THRUST);
    game.step(10);
    const fast = game.state.ships[0]!;
    expect(Math.hypot(fast.x - x, fast.y - y)).toBeGreaterThan(40);
    game.input(0, IDLE);
    game.step(2 * STEP_HZ);
    const slow = game.state.ships[0]!;
    expect(Math.hypot(slow.vx, slow.vy)).toBeLessThan(0.3 * Math.hypot(fast.vx, fast.vy));
  });

  it('moves a ship exactly like the prediction on the page', async () => {
    const game = await play(['Ann']);
    const predicted = { ...game.state.ships[0]! };
    const controls = [{ turn: 1, thrust: true, fire: false }, THRUST, { turn: -1, thrust: true, fire: false }, IDLE] as const;
    for (let step = 0; step < 200; step++) {
      const held = controls[Math.floor(step / 7) % controls.length]!;
      game.input(0, held);
      game.step();
      moveShip(predicted, held);
      const { x, y, vx, vy, heading } = game.state.ships[0]!;
      expect(predicted).toMatchObject({ x, y, vx, vy, heading });
    }
  });

  it('keeps ships within the field and outside of the rocks', () => {
    const ship = { x: 100, y: 100, vx: 0, vy: 0, heading: 0 };
    let closest = Number.POSITIVE_INFINITY;
    for (let step = 0; step < 3_000; step++) {
      moveShip(ship, { turn: step % 50 < 9 ? 1 : 0, thrust: true, fire: false });
      const { x, y } = ship;
      const toWalls = Math.min(x, y, FIELD.width - x, FIELD.height - y);
      closest = Math.min(closest, toWalls, ...ROCKS.map((rock) => Math.hypot(x - rock.x, y - rock.y) - rock.radius));
    }
    // Positions are rounded to one decimal, so the measured distance may be slightly too small.
    expect(closest).toBeGreaterThan(SHIP_RADIUS - 0.2);
    expect(closest).toBeLessThan(SHIP_RADIUS + 1);
  });

  it('lets a ship fire at most four shots a second, and removes a shot at the end of its range', async () => {
    const game = await play(['Ann']);
    game.input(0, FIRE);
    game.step(STEP_HZ);
    expect(game.state.ships[0]!.fired).toBe(4);
    game.input(0, IDLE);
    game.step(2 * STEP_HZ);
    expect(game.state.shots).toEqual([]);
  });

  it('gives the attacker a point, and brings the destroyed ship back after two seconds', async () => {
    const game = await play(['Ann', 'Bob']);
    game.step(2 * STEP_HZ);
    expect(game.state.ships.map(({ status }) => status)).toEqual([SHIP_STATUS.flying, SHIP_STATUS.flying]);
    aimAt(game, 0, 1);
    for (let step = 0; step < 20 * STEP_HZ && game.state.ships[0]!.score === 0; step++) {
      aimAt(game, 0, 1);
      game.step();
    }
    expect(game.state.ships.map(({ score }) => score)).toEqual([1, 0]);
    expect(game.events.at(-1)).toEqual({ name: 'destroyed', data: { seat: 1, by: 0 } });
    expect(game.state.ships[1]!.status).toBe(SHIP_STATUS.gone);
    game.input(0, IDLE);
    game.step(2 * STEP_HZ + 1);
    expect(game.state.ships[1]!.status).toBe(SHIP_STATUS.shielded);
  });

  it('lets a shot hit a ship where the shooting player saw the ship', async () => {
    const behind = 6;
    const game = await play(['Ann', 'Bob']);
    const states = [game.state];
    let hits = 0;
    for (let step = 1; step <= 60 * STEP_HZ; step++) {
      const [ann, bob] = game.state.ships as [Ship, Ship];
      const seen = states[Math.max(states.length - 1 - behind, 0)]!;
      game.input(0, { ...steer({ ...seen, ships: [ann, ...seen.ships.slice(1)] }, ann), behind });
      game.input(1, { ...steer(game.state, bob), thrust: true, fire: false });
      game.step();
      const { shots } = game.state;
      for (const shot of states.at(-1)!.shots) {
        const target = hitBy(shot, step, states[Math.max(step - behind, 0)]!.ships);
        expect(shots.some(({ id }) => id === shot.id)).toBe(target === null && !isSpent(shot, step));
        if (target && !hitBy(shot, step, game.state.ships)) hits += 1;
      }
      states.push(game.state);
    }
    expect(game.state.ships[0]!.score).toBeGreaterThan(0);
    expect(hits).toBeGreaterThan(3);
  });

  it('refuses a shot of a player who sees a state that is too old', async () => {
    const game = await play(['Ann']);
    expect(() => game.input(0, { ...FIRE, behind: BEHIND_MAX + 1 })).toThrow('bad-data');
  });

  it('ends when its round is over, with a ranking of the ships by score', async () => {
    const game = await play(['Ann'], { roundSeconds: 3, shipsMin: 3 });
    game.step(3 * STEP_HZ);
    expect(game.ended?.reason).toBe('finished');
    expect(game.ended?.result).toEqual({ ranking: expect.arrayContaining([{ seat: 0, score: 0 }]) });
  });

  it('adds a bot with a ship when a player leaves', async () => {
    const game = await play(['Ann', 'Bob'], { shipsMin: 2 });
    game.seat(1).left();
    expect(pilots(game)).toEqual(['Ann', 'Bot 1']);
  });

  it('removes the ship of a bot when a player joins', async () => {
    const game = await play(['Ann'], { shipsMin: 3 });
    expect(pilots(game)).toEqual(['Ann', 'Bot 1', 'Bot 2']);
    game.join('Bob', 1);
    expect(pilots(game)).toEqual(['Ann', 'Bot 2', 'Bob']);
    game.join('Cy');
    expect(pilots(game)).toEqual(['Ann', 'Bob', 'Cy']);
    game.join('Di');
    expect(pilots(game)).toEqual(['Ann', 'Bob', 'Cy', 'Di']);
  });

  it('sends at most 12 KB per second to each of sixteen active players', async () => {
    const game = await play(Array.from({ length: 16 }, (_, seat) => `P${seat}`));
    const traffic = game.measure(0, () => {
      for (let step = 0; step < 20 * STEP_HZ; step++) {
        for (const ship of game.state.ships) game.input(ship.seat, steer(game.state, ship));
        game.step();
      }
    });
    if (process.env.SHOW) process.stdout.write(String(traffic));
    expect(traffic.syncs).toHaveLength(20 * STEP_HZ);
    expect(traffic.bytesPerSecond).toBeLessThan(12_000);
  });

  it('has bots that shoot and score during the whole round', async () => {
    const game = await play(['Ann'], { roundSeconds: 60, shipsMin: 6 });
    game.step(59 * STEP_HZ);
    const bots = game.state.ships.slice(1);
    expect(bots).toHaveLength(5);
    expect(bots.every(({ fired }) => fired > 10)).toBe(true);
    expect(bots.reduce((sum, { score }) => sum + score, 0)).toBeGreaterThan(3);
  });
});

/** The name of the player or bot of each ship. */
function pilots(game: GameTest<Arena>): string[] {
  return game.state.ships.map(({ seat }) => game.seats[seat]!.name);
}

/** Lets the ship of `seat` turn to the ship of `target`, fly to it and shoot. */
function aimAt(game: GameTest<Arena>, seat: number, target: number): void {
  const own = game.state.ships[seat]!;
  const other = game.state.ships[target]!;
  const wanted = (Math.atan2(other.y - own.y, other.x - own.x) / (2 * Math.PI)) * 128;
  const off = ((wanted - own.heading + 192 + 128) % 128) - 64;
  game.input(seat, { turn: off > 2.5 ? 1 : off < -2.5 ? -1 : 0, thrust: Math.abs(off) < 10, fire: Math.abs(off) < 4 });
}
