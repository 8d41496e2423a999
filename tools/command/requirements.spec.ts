import { isSupported, missingRequirement } from './requirements.mjs';
import { isHelpRequested, withoutSeparator } from './run-tool.mjs';

const engines = '^20.19.0 || ^22.13.0 || >=24.0.0';

describe('the requirements of all tools', () => {
  it('are met by the Node version that runs the tests', () => {
    expect(missingRequirement()).toBeNull();
  });

  it.each([
    ['20.19.0', true],
    ['20.20.2', true],
    ['22.13.1', true],
    ['24.0.0', true],
    ['26.1.0', true],
    ['14.21.3', false],
    ['20.18.3', false],
    ['21.7.0', false],
    ['22.12.9', false],
    ['23.11.0', false],
    ['24.0.0-nightly', true],
  ])('are compared with the version %s of Node (met: %s)', (version, isAllowed) => {
    expect(isSupported(version, engines)).toBe(isAllowed);
  });

  it('are explained in one sentence on Windows and on a Node that is too old', () => {
    expect(missingRequirement({ version: '18.20.0', platform: 'linux', engines })).toMatch(
      /^Holdfast needs Node 20 from 20\.19\.0, Node 22 from 22\.13\.0 or Node 24\.0\.0 or newer; this is Node 18\.20\.0\. Install/,
    );
    expect(missingRequirement({ platform: 'win32' })).toMatch(/^Holdfast does not run on Windows itself\. Install WSL 2/);
  });
});

describe('the arguments of an npm script', () => {
  it('include everything except the separator `--` that pnpm adds', () => {
    expect(withoutSeparator(['--watch', '--', '--port', '8000'])).toEqual(['--watch', '--port', '8000']);
    expect(withoutSeparator(['--port', '8000'])).toEqual(['--port', '8000']);
  });

  it('request the help by --help or -h', () => {
    expect([['--help'], ['list', '-h'], ['--port', '1']].map(isHelpRequested)).toEqual([true, true, false]);
  });
});
