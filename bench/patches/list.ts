import { schema, t } from '@colyseus/schema';
import { seededRandom } from '#libs/room';
import { declared, hundredths, type Scenario, STEPS } from './scenario.js';

interface Unit {
  readonly id: number;
  readonly x: number;
  readonly y: number;
  readonly hp: number;
}

/** A list of 60 units. In each step one unit near the middle is removed, and a new one is inserted near the middle. */
export function list(): Scenario {
  const random = seededRandom(11);
  let id = 1_000;
  const unit = (): Unit => ({ id: id++, x: hundredths(random() * 600), y: hundredths(random() * 600), hp: 100 });
  const first = { units: Array.from({ length: 60 }, unit) };
  const steps = Array.from({ length: STEPS }, () => ({
    removedAt: 20 + Math.floor(random() * 20),
    addedAt: 20 + Math.floor(random() * 20),
    added: unit(),
  }));
  const coordinate = () => t.quantized({ min: 0, max: 655.35, bits: 16 });
  const UnitSchema = schema({ id: t.uint16(), x: coordinate(), y: coordinate(), hp: t.uint8() }, 'Unit');
  const Units = schema({ units: t.array(UnitSchema) }, 'Units');
  const declaredUnit = (values: Unit) => Object.assign(new UnitSchema(), values);
  return {
    name: 'a list of 60, one out and one in',
    first,
    mutate(state, step) {
      const { removedAt, addedAt, added } = steps[step];
      const { units } = state as { units: Unit[] };
      units.splice(removedAt, 1);
      units.splice(addedAt, 0, added);
    },
    schemas: [
      declared(
        'uint16, quantized',
        () => new Units(),
        (state) => {
          for (const each of first.units) state.units.push(declaredUnit(each));
        },
        (state, step) => {
          const { removedAt, addedAt, added } = steps[step];
          state.units.splice(removedAt, 1);
          state.units.splice(addedAt, 0, declaredUnit(added));
        },
      ),
    ],
  };
}
