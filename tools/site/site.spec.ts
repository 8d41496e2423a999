import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { optionsOf } from './command.mjs';
import { siteLinkOf } from './pages.mjs';
import { problemsOfSite } from './site-links.mjs';

describe("a link in the repository's pages on the site", () => {
  it('leads to the page on the site, with its anchor', () => {
    expect(siteLinkOf('protocol.md#commands-exactly-once', 'docs/README.md')).toBe('/protocol.html#commands-exactly-once');
    expect(siteLinkOf('../ARCHITECTURE.md', 'docs/README.md')).toBe('/architecture.html');
    expect(siteLinkOf('../README.md', 'docs/adr/0001-one-checker-and-votes.md')).toBe('/documentation.html');
    expect(siteLinkOf('README.md', 'docs/adr/0001-one-checker-and-votes.md')).toBe('/adr/');
  });

  it('is unchanged when it leads to another site or to its own page', () => {
    expect(siteLinkOf('https://redis.io/', 'docs/README.md')).toBe('https://redis.io/');
    expect(siteLinkOf('#keys', 'ARCHITECTURE.md')).toBe('#keys');
  });

  it('becomes plain text when the site does not contain the file', () => {
    expect(siteLinkOf('nginx.conf', 'docs/operations.md')).toBeNull();
    expect(siteLinkOf('../libs/room/README.md', 'docs/README.md')).toBeNull();
  });
});

describe('the check of a built site', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'holdfast-site-'));
    await mkdir(join(folder, 'adr'));
    await writeFile(join(folder, 'adr/index.html'), '<h2 id="first">First</h2><a href="../guide.html">guide</a>');
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('accepts links to pages, anchors and other sites', async () => {
    await writeFile(
      join(folder, 'guide.html'),
      '<a href="/adr/#first">1</a><a class="x" href="adr/">2</a><a href="https://nestjs.com">3</a>',
    );
    expect(await problemsOfSite(folder)).toEqual([]);
  });

  it('reports each missing page and each missing anchor', async () => {
    await writeFile(join(folder, 'guide.html'), '<a href="/adr/#second">1</a><a href="/lost.html">2</a>');
    expect(await problemsOfSite(folder)).toEqual([
      'guide.html links to /adr/#second: adr/index.html has no such anchor',
      'guide.html links to /lost.html, which is not on the site',
    ]);
  });
});

describe('the options of npm run site', () => {
  it('select port 4173 unless --port names another port', () => {
    expect(optionsOf([])).toEqual({ serve: false, port: 4173 });
    expect(optionsOf(['--serve', '--port', '8080'])).toEqual({ serve: true, port: 8080 });
  });

  it('are refused with a message when the port is invalid or an option is unknown', () => {
    expect(() => optionsOf(['--serve', '--port', 'web'])).toThrow('--port is web: it must be a whole number from 1 to 65535.');
    expect(() => optionsOf(['--port', '8080'])).toThrow('--port needs --serve');
    expect(() => optionsOf(['--watch'])).toThrow('npm run site -- --help');
  });
});
