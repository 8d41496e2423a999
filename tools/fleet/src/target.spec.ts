import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findTarget, URL_DEFAULT } from './target.js';

const RUNNING = { opsUrl: 'http://127.0.0.1:7410', adminToken: 'made by npm start' };

describe('the fleet that a command addresses', () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'holdfast-target-'));
    file = join(folder, 'running.json');
    writeFileSync(file, JSON.stringify(RUNNING));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('is by default the fleet of npm start in this folder', () => {
    expect(findTarget({}, {}, file)).toEqual({ url: RUNNING.opsUrl, token: RUNNING.adminToken });
  });

  it('is expected at the default ops port when npm start runs no fleet in this folder', () => {
    expect(findTarget({}, { ADMIN_TOKEN: 'from the environment' }, join(folder, 'none'))).toEqual({
      url: URL_DEFAULT,
      token: 'from the environment',
    });
  });

  it.each([
    ['ada=the newest token of ada,bob=the token of bob', 'the newest token of ada'],
    ['the newest token\nada=the token of ada', 'the newest token'],
    ['c2VjcmV0c2VjcmV0cw==', 'c2VjcmV0c2VjcmV0cw=='],
  ])('gets the first token when ADMIN_TOKEN is the list %j', (list, token) => {
    expect(findTarget({}, { ADMIN_TOKEN: list }, join(folder, 'none')).token).toBe(token);
  });

  it('is the fleet that the arguments name', () => {
    expect(findTarget({ url: 'https://ops.example.org/', token: 'said' }, { ADMIN_TOKEN: 'other' }, file)).toEqual({
      url: 'https://ops.example.org',
      token: 'said',
    });
  });

  it('never receives the token of the fleet of npm start when the arguments name another fleet', () => {
    expect(() => findTarget({ url: 'http://10.0.0.1:7010' }, {}, file)).toThrow('No token');
  });

  it('is refused when its address is not a URL', () => {
    expect(() => findTarget({ url: 'localhost:7010', token: 'said' }, {}, file)).toThrow('is not a URL');
  });
});
