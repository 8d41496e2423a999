import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CompactSync } from '#libs/protocol';
import { hashValue } from '#libs/state-patch';
import { type Case, expectEqual, expectThat } from '../case.js';
import type { ScriptConnection } from '../script-connection.js';
import { compactPatch, compactState, QUIET_MS, type Table } from '../table.js';
import type { PatchVectors, SyncVectors } from '../vectors.js';

export const COMPACT: readonly Case[] = [
  {
    name: 'applies compact syncs: a whole state, patches, events and acknowledgements',
    async run(table) {
      const { line, send } = await compactGame(table);
      send({ version: 1, state: compactState({ n: 1 }) });
      await table.sees(1, { n: 1 });
      const data = [1, null, 'x'];
      send({ version: 3, from: 1, patch: compactPatch({ n: 1 }, { n: 2 }), events: [{ version: 2, name: 'moved', data }] });
      await table.sees(3, { n: 2 });
      const event = await table.client.hears('event');
      expectEqual([event.version, event.name, event.data], [2, 'moved', data], 'version, name and data of the event');
      const answered = table.client.act({ do: 'command', name: 'move' });
      await line.hears('command');
      send({ seq: 1, version: 4, from: 3, patch: new Uint8Array(0) });
      expectEqual((await answered).error, undefined, 'the refusal of the command');
    },
  },
  {
    name: 'applies a patch from an earlier version after an acknowledgement that only others did not get',
    async run(table) {
      const { send } = await compactGame(table);
      send({ version: 1, state: compactState({ n: 1 }) });
      send({ version: 4, from: 1, patch: new Uint8Array(0) });
      send({ version: 5, from: 1, patch: compactPatch({ n: 1 }, { n: 5 }) });
      await table.client.hears('state', ({ version }) => version === 5);
    },
  },
  {
    name: 'ignores a compact sync before the first `placed` of a connection',
    async run(table) {
      const line = await table.greeted();
      line.needsCompact();
      line.send({ kind: 'compact', seq: 0, input: 0, version: 1, state: compactState({ n: 1 }) });
      await table.client.hearsNo('state', QUIET_MS);
      expectThat(!line.isClosed, 'expected that the connection stays open');
    },
  },
  {
    name: 'asks for the whole state when a compact sync starts from a version that it does not have',
    async run(table) {
      const { line, send } = await compactGame(table);
      send({ version: 1, state: compactState({ n: 1 }) });
      send({ version: 9, from: 8, patch: compactPatch({ n: 1 }, { n: 2 }) });
      await table.client.hears('state');
      await table.asksForAll(line, { n: 9 });
    },
  },
  {
    name: 'asks for the whole state when the hash of a compact sync is another one',
    async run(table) {
      const { line, send } = await compactGame(table);
      send({ version: 1, state: compactState({ n: 1 }), hash: hashValue({ n: 1 }) });
      await table.sees(1, { n: 1 });
      send({ version: 2, from: 1, patch: compactPatch({ n: 1 }, { n: 2 }), hash: hashValue({ n: 3 }) });
      await table.asksForAll(line, { n: 9 });
    },
  },
  {
    name: 'knows the room time of each compact sync',
    async run(table) {
      const { send } = await compactGame(table);
      const times: unknown[] = [];
      send({ version: 1, state: compactState({ n: 1 }), time: 5_000 });
      times.push((await table.client.hears('state')).time);
      // Version 2 has the same state as version 1, so the server may send the patch of version 3 as a patch of version 1. The client must
      // compute the times of versions 2 and 3 from the time of version 1.
      send({ version: 2, from: 1, elapsed: 50, patch: new Uint8Array(0) });
      times.push((await table.client.hears('state')).time);
      send({ version: 3, from: 1, elapsed: 100, patch: compactPatch({ n: 1 }, { n: 2 }) });
      times.push((await table.client.hears('state')).time);
      send({ version: 4, from: 3, elapsed: 50, patch: compactPatch({ n: 2 }, { n: 3 }) });
      times.push((await table.client.hears('state')).time);
      expectEqual(times, [5_000, 5_050, 5_100, 5_150], 'the times');
    },
  },
  {
    name: 'applies every vector of conformance/syncs.json',
    async run(table) {
      const { syncs } = vectors<SyncVectors>('syncs.json');
      const { line } = await compactGame(table);
      for (const { held, before, frame, fields, after } of syncs) {
        // Gives the client the state `before` with the version `held`, to which the vector applies. If `held` is -1, the vector needs no
        // state.
        if (held >= 0) table.whole(line, held, before);
        line.sendBytes(Buffer.from(frame, 'hex'));
        const event = await table.client.hears('state', ({ version }) => version === fields.version);
        expectEqual(event.state, after, 'the state after the frame');
      }
    },
  },
  {
    name: 'applies every vector of conformance/patches.json',
    async run(table) {
      const { patches } = vectors<PatchVectors>('patches.json');
      const { line, send } = await compactGame(table);
      let version = 0;
      for (const { name, before, patch, after } of patches) {
        version += 2;
        table.whole(line, version, before);
        send({ version: version + 1, from: version, patch: Buffer.from(patch, 'hex'), hash: hashValue(after) });
        const event = await table.client.hears('state', (one) => one.version === version + 1);
        expectEqual(event.state, after, `the state after the patch for ${name}`);
      }
    },
  },
];

/** Places the client in a game whose syncs are compact. Skips the case when the client does not ask for them. */
async function compactGame(
  table: Table,
): Promise<{ line: ScriptConnection; send: (sync: Partial<CompactSync> & { version: number }) => void }> {
  const line = await table.playing({ n: 0 });
  line.needsCompact();
  return { line, send: (sync) => line.send({ kind: 'compact', seq: 0, input: 0, ...sync }) };
}

function vectors<T>(name: string): T {
  return JSON.parse(readFileSync(join(process.cwd(), 'conformance', name), 'utf8')) as T;
}
