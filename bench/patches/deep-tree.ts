import { type Schema, schema, t } from '@colyseus/schema';
import { seededRandom } from '#libs/room';
import { declared, type Scenario, STEPS } from './scenario.js';

const KEYS = ['alpha', 'beta', 'gamma', 'delta', 'omega'];
const LEVELS = 5;
type Tree = { [key: string]: Tree } & { hp?: number };

/** One number at the end of five levels changes. */
export function deepTree(): Scenario {
  const random = seededRandom(5);
  const first = branch(LEVELS);
  const values = Array.from({ length: STEPS }, () => Math.floor(random() * 100));
  const Leaf = schema({ hp: t.uint8(), mp: t.uint8(), name: t.string(), x: t.uint8(), y: t.uint8() }, 'Leaf');
  const classes: (new () => Schema)[] = [Leaf];
  for (let level = 1; level <= LEVELS; level++) {
    const Child = classes[level - 1];
    classes.push(schema(Object.fromEntries(keysOf(level).map((key) => [key, Child])), `Level${level}`) as new () => Schema);
  }
  const fill = (node: Schema, tree: object, level: number): void => {
    for (const [key, value] of Object.entries(tree)) {
      if (level === 0) Object.assign(node, { [key]: value });
      else {
        const child = new classes[level - 1]();
        fill(child, value as object, level - 1);
        Object.assign(node, { [key]: child });
      }
    }
  };
  const set = (state: object, step: number): void => {
    let node = state as Tree;
    for (let level = 0; level < LEVELS; level++) node = node.beta;
    node.hp = values[step] as number & Tree;
  };
  return {
    name: 'one field of a deep tree',
    first,
    mutate: set,
    schemas: [
      declared(
        'uint8',
        () => new classes[LEVELS](),
        (root) => fill(root, first, LEVELS),
        set,
      ),
    ],
  };
}

function branch(level: number): object {
  if (level === 0) return { hp: 100, mp: 50, name: 'unit', x: 3, y: 4 };
  return Object.fromEntries(keysOf(level).map((key) => [key, branch(level - 1)]));
}

function keysOf(level: number): readonly string[] {
  return KEYS.slice(0, level > 2 ? 2 : KEYS.length);
}
