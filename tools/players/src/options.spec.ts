import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readOptions, URL_DEFAULT } from './options.js';

describe('the gateways that the simulated players use', () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'holdfast-players-'));
    file = join(folder, 'running.json');
    writeFileSync(file, JSON.stringify({ url: 'ws://127.0.0.1:7120/play', opsUrl: 'http://127.0.0.1:7130' }));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('are by default the gateways of the fleet of npm start in this folder', () => {
    expect(readOptions([], file).urls).toEqual(['ws://127.0.0.1:7120/play']);
  });

  it('are the gateways that the arguments name', () => {
    expect(readOptions(['--url', 'ws://10.0.0.1/play', 'ws://10.0.0.2/play'], file).urls).toEqual([
      'ws://10.0.0.1/play',
      'ws://10.0.0.2/play',
    ]);
  });

  it('must show the certificate of npm start only if they have the URL that npm start wrote', () => {
    const url = 'wss://127.0.0.1:7120/play';
    writeFileSync(file, JSON.stringify({ url, certificate: '/a.crt' }));
    expect(readOptions([], file)).toMatchObject({ urls: [url], certificate: '/a.crt' });
    expect(readOptions(['--url', url], file).certificate).toBe('/a.crt');
    expect(readOptions(['--url', 'wss://10.0.0.1/play'], file).certificate).toBeNull();
    expect(readOptions(['--url', 'wss://10.0.0.1/play', '--certificate', '/b.crt'], file).certificate).toBe('/b.crt');
  });

  it('are the gateway at the default address when the file names no running fleet', () => {
    expect(readOptions([], join(folder, 'none')).urls).toEqual([URL_DEFAULT]);
    writeFileSync(file, '{}');
    expect(readOptions([], file).urls).toEqual([URL_DEFAULT]);
  });
});

describe('a game that the simulated players do not know', () => {
  it('is refused with the names of all known games', () => {
    const said: string[] = [];
    const exit = jest.spyOn(process, 'exit').mockImplementation((code) => {
      throw new Error(`exit ${code}`);
    });
    const write = jest.spyOn(process.stderr, 'write').mockImplementation((text) => said.push(String(text)) > 0);
    try {
      expect(() => readOptions(['--game', 'ludo'])).toThrow('exit 2');
    } finally {
      exit.mockRestore();
      write.mockRestore();
    }
    expect(said.join('')).toContain("'ludo' is invalid. It must be one of: tic-tac-toe, chess.");
  });
});
