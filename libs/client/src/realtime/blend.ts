/**
 * The rule by which a number is interpolated. `linear`: on a straight line between two values. `{ turn }`: as a direction, along the
 * shorter arc. `turn` is a full turn, such as 2π for radians or 360 for degrees.
 */
export type BlendRule = 'linear' | { readonly turn: number };

/** The fields of an entity that are interpolated, with their rules. All other fields keep their latest value. */
export type Blend<Entity> = { readonly [Key in keyof Entity as NonNullable<Entity[Key]> extends number ? Key : never]?: BlendRule };

/** Returns the value between `from` (t = 0) and `to` (t = 1). A larger `t` extrapolates. */
export function lerp(from: number, to: number, t: number): number {
  return from + (to - from) * t;
}

/** Returns the direction between `from` and `to` along the shorter arc, from 0 to `turn`. */
export function lerpTurn(from: number, to: number, t: number, turn: number = 2 * Math.PI): number {
  return wrapped(from + turnFrom(from, to, turn) * t, turn);
}

/** The difference between two entities in their blended fields. */
export type Offset = Record<string, number>;

/** Interpolates between two states of an entity by the rules in `Blend`. */
export class Blender<Entity extends object> {
  private readonly rules: readonly (readonly [key: string, rule: BlendRule])[];

  constructor(blend: Blend<Entity>) {
    this.rules = Object.entries<BlendRule>(blend as Record<string, BlendRule>);
    for (const [key, rule] of this.rules) {
      if (rule !== 'linear' && !(rule.turn > 0)) throw new RangeError(`blend.${key} must be 'linear' or { turn: a number above 0 }.`);
    }
  }

  /** Returns a copy of `latest` in which the blended fields have values between `from` and `to`. */
  mix(from: Entity, to: Entity, t: number, latest: Entity = to): Entity {
    const mixed = { ...latest } as Record<string, unknown>;
    for (const [key, rule] of this.rules) {
      const a = (from as Record<string, unknown>)[key];
      const b = (to as Record<string, unknown>)[key];
      if (typeof a !== 'number' || typeof b !== 'number') continue;
      mixed[key] = rule === 'linear' ? lerp(a, b, t) : lerpTurn(a, b, t, rule.turn);
    }
    return mixed as Entity;
  }

  /** Returns the offset that leads from `to` to `from`. */
  offset(from: Entity, to: Entity): Offset {
    const offset: Offset = {};
    for (const [key, rule] of this.rules) {
      const a = (from as Record<string, unknown>)[key];
      const b = (to as Record<string, unknown>)[key];
      if (typeof a !== 'number' || typeof b !== 'number') continue;
      offset[key] = rule === 'linear' ? a - b : turnFrom(b, a, rule.turn);
    }
    return offset;
  }

  /** Adds an offset to an entity, in place. */
  add(entity: Entity, offset: Offset): Entity {
    const fields = entity as Record<string, unknown>;
    for (const [key, rule] of this.rules) {
      const value = fields[key];
      const by = offset[key];
      if (typeof value !== 'number' || by === undefined) continue;
      fields[key] = rule === 'linear' ? value + by : wrapped(value + by, rule.turn);
    }
    return entity;
  }

  /** Returns the length of the offset in its `linear` fields, such as the distance between two points. */
  length(offset: Offset): number {
    let sum = 0;
    for (const [key, rule] of this.rules) if (rule === 'linear') sum += (offset[key] ?? 0) ** 2;
    return Math.sqrt(sum);
  }
}

/** Returns the shorter turn from one direction to another, from -turn / 2 to turn / 2. */
function turnFrom(from: number, to: number, turn: number): number {
  const way = wrapped(to - from, turn);
  return way > turn / 2 ? way - turn : way;
}

function wrapped(value: number, turn: number): number {
  const rest = value % turn;
  return rest < 0 ? rest + turn : rest;
}
