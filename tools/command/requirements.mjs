import { readFileSync } from 'node:fs';

// This file uses only syntax that Node 14 supports. So an old Node can run it and print a clear message instead of a syntax error.

/**
 * Returns the reason why this machine cannot run Holdfast.
 *
 * @param {{ version?: string, platform?: string, engines?: string }} [here] for tests
 * @returns {string | null} a sentence, or null when the machine can
 */
export function missingRequirement({ version = process.versions.node, platform = process.platform, engines = enginesOfPackage() } = {}) {
  if (platform === 'win32')
    return 'Holdfast does not run on Windows itself. Install WSL 2 (https://aka.ms/wsl), clone the repository inside it, and run the same command there.';
  if (!isSupported(version, engines))
    return `Holdfast needs ${described(engines)}; this is Node ${version}. Install the current LTS from https://nodejs.org/, or run \`nvm install\` in this folder.`;
  return null;
}

/**
 * Compares a version with a range of the form `^20.19.0 || ^22.13.0 || >=24.0.0`.
 *
 * @param {string} version @param {string} engines
 */
export function isSupported(version, engines) {
  const own = numbersOf(version);
  return engines.split('||').some((range) => {
    const least = numbersOf(range);
    if (range.includes('^') && own[0] !== least[0]) return false;
    const differing = [0, 1, 2].find((index) => own[index] !== least[index]);
    return differing === undefined || own[differing] > least[differing];
  });
}

/** @param {string} engines */
function described(engines) {
  const ranges = engines.split('||').map((range) => {
    const version = range.replace(/[\s^>=]/g, '');
    return range.includes('^') ? `Node ${version.split('.')[0]} from ${version}` : `Node ${version} or newer`;
  });
  return ranges.join(', ').replace(/, ([^,]*)$/, ' or $1');
}

/** @param {string} text @returns {number[]} */
function numbersOf(text) {
  return (text.match(/\d+/g) || []).slice(0, 3).map(Number);
}

/** @returns {string} */
function enginesOfPackage() {
  return JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).engines.node;
}
