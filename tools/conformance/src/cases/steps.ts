import type { Input } from '#libs/protocol';
import { type Case, expectEqual, expectThat } from '../case.js';
import type { ScriptConnection } from '../script-connection.js';
import { compactPatch, compactState } from '../table.js';

export const STEPS: readonly Case[] = [
  {
    name: 'numbers its inputs from 1',
    async run(table) {
      const line = await table.playing();
      await table.client.act({ do: 'input', data: { turn: -1, thrust: true } });
      const first = await line.hears('input');
      expectEqual([first.number, first.data], [1, { turn: -1, thrust: true }], 'the first input');
      await table.client.act({ do: 'input', data: { turn: 0, thrust: false } });
      await line.hears('input', ({ data }) => (data as { turn: number }).turn === 0);
      expectGrowing(line);
    },
  },
  {
    name: 'continues the numbers of its inputs after a resume',
    async run(table) {
      const line = await table.playing();
      await table.client.act({ do: 'input', data: { turn: 1 } });
      await table.client.act({ do: 'input', data: { turn: 0 } });
      const last = await line.hears('input', ({ data }) => (data as { turn: number }).turn === 0);
      line.cut();
      const { line: next } = await table.resumed();
      table.place(next);
      table.whole(next, 1, { n: 1 });
      await table.client.hears('state', ({ version }) => version === 1);
      await table.client.act({ do: 'input', data: { turn: 2 } });
      const input = await next.hears('input', ({ data }) => (data as { turn: number }).turn === 2);
      expectThat(input.number > last.number, `expected a number above ${last.number}, found ${input.number}`);
      expectGrowing(next);
    },
  },
  {
    name: 'continues after the input number of a compact sync, as a restarted client must',
    async run(table) {
      const line = await table.playing({ n: 0 });
      line.needsCompact();
      line.send({ kind: 'compact', seq: 0, input: 40, version: 1, state: compactState({ n: 1 }), time: 1_000 });
      const { input } = await table.client.hears('state', ({ version }) => version === 1);
      expectEqual(input, 40, 'the input number of the state');
      await table.client.act({ do: 'input', data: { turn: 1 } });
      const { number } = await line.hears('input');
      expectEqual(number, 41, 'the number of the next input');
    },
  },
  {
    name: 'plays steps: inputs go out while compact syncs with times come in',
    async run(table) {
      const line = await table.playing({ x: 0 });
      line.needsCompact();
      line.send({ kind: 'compact', seq: 0, input: 0, version: 1, state: compactState({ x: 0.5 }), time: 10_000 });
      await table.sees(1, { x: 0.5 });
      for (let step = 1; step <= 20; step++) {
        await table.client.act({ do: 'input', data: { step } });
        const { number } = await line.hears('input', ({ data }) => (data as { step: number }).step === step);
        const [before, after] = [{ x: step / 2 }, { x: (step + 1) / 2 }];
        line.send({
          kind: 'compact',
          seq: 0,
          input: number,
          version: step + 1,
          from: step,
          elapsed: 50,
          patch: compactPatch(before, after),
        });
        const event = await table.client.hears('state');
        expectEqual([event.state, event.input, event.time], [after, number, 10_000 + 50 * step], `state, input and time of step ${step}`);
      }
    },
  },
  {
    name: 'sends no input before it is placed and after the game has ended',
    async run(table) {
      const line = await table.playing();
      line.send({ kind: 'ended', room: 'r-1' as never, reason: 'finished' });
      await table.client.hears('ended');
      await table.client.act({ do: 'input', data: { turn: 1 } });
      await line.messages.none('input', ({ kind }) => kind === 'input', 1_500);
    },
  },
];

/** Checks that the player inputs on a connection have consecutive numbers. */
function expectGrowing(line: ScriptConnection): void {
  const numbers = line.messages.all.filter((message): message is Input => message.kind === 'input').map(({ number }) => number);
  const isGrowing = numbers.every((number, index) => index === 0 || number === numbers[index - 1]! + 1);
  expectThat(isGrowing, `expected input numbers that grow by one, found ${numbers.join(', ')}`);
}
