import { create } from 'mutative';
import { pack } from '#libs/protocol';
import { DraftChoice, type DraftMode, difference, runOn } from '#libs/room';
import { applyPatch, encodePatch } from '#libs/state-patch';
import { type Declared, type Scenario, STEPS } from './scenario.js';

/** One way to run all steps of a scenario. Preparation is not measured. */
export interface StepRun {
  readonly name: string;
  prepare(): () => void;
}

/** All states of a scenario. Each shares unchanged parts with the one before. */
export function statesOf({ first, mutate }: Scenario): readonly object[] {
  const states = [first];
  for (let step = 0; step < STEPS; step++) states.push(create(states[step], (draft) => mutate(draft, step)));
  return states;
}

export function patchesOf(states: readonly object[]): readonly Uint8Array[] {
  return states.slice(1).map((after, step) => encodePatch(states[step], after));
}

/** RFC 6902 in MessagePack: what Holdfast sends without the compact form. */
export function packedPatchesOf(states: readonly object[]): readonly Uint8Array[] {
  return states.slice(1).map((after, step) => Uint8Array.from(pack(difference(states[step], after).patches)));
}

/** The patches of a schema. A setter of an equal value sends nothing. */
export function schemaPatchesOf({ begin }: Declared): readonly Uint8Array[] {
  const server = begin();
  return Array.from({ length: STEPS }, (_, step) => {
    server.change(step);
    return Uint8Array.from(server.encode());
  });
}

/** Measures only the codec: `prepare` makes the states. Each run gets new objects, so that it reuses nothing of earlier runs. */
export function encodeRun(states: readonly object[]): StepRun {
  const patches = patchesOf(states);
  return {
    name: 'encode',
    prepare() {
      const fresh = [structuredClone(states[0])];
      for (const patch of patches) fresh.push(applyPatch(fresh[fresh.length - 1], patch));
      return () => {
        for (let step = 0; step < STEPS; step++) encodePatch(fresh[step], fresh[step + 1]);
      };
    },
  };
}

/** A step as a room runs it, with the state patch as its change. */
export function stepRun(name: string, { first, mutate }: Scenario, mode: DraftMode): StepRun {
  return {
    name,
    prepare() {
      let state = structuredClone(first);
      const use = { choice: new DraftChoice(mode), isPatched: true };
      return () => {
        for (let step = 0; step < STEPS; step++) state = runOn(state, (draft) => mutate(draft, step), use, null).next;
      };
    },
  };
}

/** A step without the compact form: a draft, patches of RFC 6902, MessagePack. */
export function packRun({ first, mutate }: Scenario): StepRun {
  return {
    name: 'draft, RFC 6902 and MessagePack',
    prepare() {
      let state = structuredClone(first);
      return () => {
        for (let step = 0; step < STEPS; step++) {
          const { patches, next } = difference(
            state,
            create(state, (draft) => mutate(draft, step)),
          );
          pack(patches);
          state = next;
        }
      };
    },
  };
}

export function schemaRun({ begin, types }: Declared): StepRun {
  return {
    name: `schema (${types}): setters and encode`,
    prepare() {
      const server = begin();
      return () => {
        for (let step = 0; step < STEPS; step++) {
          server.change(step);
          server.encode();
        }
      };
    },
  };
}

export function applyRun(states: readonly object[]): StepRun {
  const patches = patchesOf(states);
  return {
    name: 'apply',
    prepare() {
      let state = structuredClone(states[0]);
      return () => {
        for (const patch of patches) state = applyPatch(state, patch);
      };
    },
  };
}

export function schemaDecodeRun(schema: Declared): StepRun {
  const patches = schemaPatchesOf(schema);
  return {
    name: `schema (${schema.types}): decode`,
    prepare() {
      const client = schema.client();
      return () => {
        for (const patch of patches) client.decode(patch);
      };
    },
  };
}
