import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { clientSources, compileForNetstandard } from '../tools/languages/compile-csharp.mjs';
import { findMono, type Mono } from '../tools/languages/find-mono.mjs';

/** The compiler is Mono's, but it sees only the types and members of netstandard2.0. `test/clients.spec.ts` runs the client on Mono. */
describe('the client for C#, against the reference of netstandard2.0', () => {
  let mono: Mono | null = null;
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'holdfast-netstandard-'));
    const found = await findMono();
    if ('missing' in found) process.stderr.write(`\nSKIPPED: the client for C# is not compiled, because ${found.missing}.\n`);
    else mono = found;
  }, 600_000);
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('compiles without warnings', async () => {
    if (mono) await compileForNetstandard(mono, await clientSources(), folder);
  }, 60_000);

  it.each([
    ['a type', 'ValueTask', 'System.Threading.Tasks.ValueTask<int> Task() => default;'],
    ['a method', 'TryAdd', 'bool Add(System.Collections.Generic.Dictionary<int, int> ages) => ages.TryAdd(1, 2);'],
    ['an overload', 'Replace', 'string Change(string text) => text.Replace("a", "b", System.StringComparison.Ordinal);'],
  ])(
    'does not compile when it uses %s that Mono has but netstandard2.0 does not: %s',
    async (_, name, member) => {
      if (!mono) return;
      const source = join(folder, `${name}.cs`);
      await writeFile(source, `static class Check { static ${member} }`);
      await expect(compileForNetstandard(mono, [source], folder)).rejects.toThrow(name);
    },
    60_000,
  );
});
