import { schema, t } from '@colyseus/schema';
import { seededRandom } from '#libs/room';
import { declared, hundredths, type Scenario, STEPS } from './scenario.js';

const ENTITIES = 60;
/** The size of the field in the unit of the coordinates. It is the largest number that 16 bits can hold in steps of 0.01. */
const FIELD = 655.35;
const STEPS_PER_SECOND = 20;
const SPEED_MAX = 100;

interface Position {
  x: number;
  y: number;
}

type State = { tick: number; entities: Record<string, Position> };
type Round = (value: number) => number;
type NumberType = () => ReturnType<typeof t.number>;

/** 60 entities in a map, of which some move straight ahead in each step and turn at the border. */
function moving(name: string, count: number, round: Round, types: Readonly<Record<string, NumberType>>): Scenario {
  const random = seededRandom(7);
  const bodies = Array.from({ length: ENTITIES }, () => ({
    x: 50 + random() * 500,
    y: 50 + random() * 500,
    dx: ((random() - 0.5) * 2 * SPEED_MAX) / STEPS_PER_SECOND,
    dy: ((random() - 0.5) * 2 * SPEED_MAX) / STEPS_PER_SECOND,
  }));
  const first: State = { tick: 0, entities: Object.fromEntries(bodies.map(({ x, y }, id) => [`e${id}`, { x: round(x), y: round(y) }])) };
  const moves = Array.from({ length: STEPS }, () =>
    chosen(count, random).map((id): readonly [string, number, number] => {
      const body = bodies[id];
      if (body.x + body.dx < 0 || body.x + body.dx > FIELD) body.dx = -body.dx;
      if (body.y + body.dy < 0 || body.y + body.dy > FIELD) body.dy = -body.dy;
      body.x += body.dx;
      body.y += body.dy;
      return [`e${id}`, round(body.x), round(body.y)];
    }),
  );
  const apply = (entities: { get(key: string): Position | undefined }, step: number): void => {
    for (const [key, x, y] of moves[step]) {
      const entity = entities.get(key) as Position;
      entity.x = x;
      entity.y = y;
    }
  };
  return {
    name: `${count} of ${ENTITIES} moving, ${name}`,
    first,
    mutate(state, step) {
      const { entities } = state as State;
      (state as State).tick = step + 1;
      for (const [key, x, y] of moves[step]) {
        const entity = entities[key];
        entity.x = x;
        entity.y = y;
      }
    },
    schemas: Object.entries(types).map(([type, make]) => {
      const Entity = schema({ x: make(), y: make() }, `Entity-${type}`);
      const World = schema({ tick: t.uint32(), entities: t.map(Entity) }, `World-${type}`);
      return declared(
        type,
        () => new World(),
        (world) => {
          world.tick = 0;
          for (const [key, { x, y }] of Object.entries(first.entities)) {
            const entity = new Entity();
            entity.x = x;
            entity.y = y;
            world.entities.set(key, entity);
          }
        },
        (world, step) => {
          world.tick = step + 1;
          apply(world.entities, step);
        },
      );
    }),
  };
}

function chosen(count: number, random: () => number): number[] {
  if (count === ENTITIES) return Array.from({ length: ENTITIES }, (_, id) => id);
  const ids = new Set<number>();
  while (ids.size < count) ids.add(Math.floor(random() * ENTITIES));
  return [...ids];
}

const number: NumberType = () => t.number();
const quantized = (() => t.quantized({ min: 0, max: FIELD, bits: 16 })) as NumberType;

export const MOVING: readonly Scenario[] = [ENTITIES, 20].flatMap((count) => [
  moving('doubles', count, (value) => value, { number, float64: () => t.float64() }),
  moving('float32', count, Math.fround, { number, float32: () => t.float32() }),
  moving('0.01', count, hundredths, { number, quantized }),
  moving('integers', count, Math.round, { number, uint16: () => t.uint16() }),
]);
export const ONE_MOVING = moving('0.01', 1, hundredths, { number, quantized });
