import { readFileSync } from 'node:fs';

// node bench/profile-top.mjs FILE.cpuprofile [how many] [seconds to skip]: lists the functions by their own CPU time, without
// that of their callees. The first seconds are those of a server's start.
const [file, most = '30', skip = '0'] = process.argv.slice(2);
const { nodes, samples, timeDeltas } = JSON.parse(readFileSync(file, 'utf8'));

/** @type {Map<string, number>} */
const self = new Map();
/** @type {Map<number, string>} */
const names = new Map();
for (const { id, callFrame } of nodes) {
  const { functionName, url, lineNumber } = callFrame;
  const place = url.replace(/^.*\/(node_modules|dist)\//, '').replace(/^file:\/\//, '');
  names.set(id, `${functionName || '(anonymous)'}${place ? ` ${place}:${lineNumber + 1}` : ''}`);
}
let busy = 0;
let elapsed = 0;
for (const [index, id] of samples.entries()) {
  elapsed += timeDeltas[index];
  if (elapsed < 1e6 * Number(skip)) continue;
  const name = names.get(id) ?? '';
  if (name === '(idle)' || name === '(program)') continue;
  busy += timeDeltas[index];
  self.set(name, (self.get(name) ?? 0) + timeDeltas[index]);
}
const top = [...self].sort((a, b) => b[1] - a[1]).slice(0, Number(most));
console.log(`${(busy / 1e6).toFixed(2)} s in JavaScript and its callees. Own time by function:`);
for (const [name, microseconds] of top) console.log(`${((100 * microseconds) / busy).toFixed(1).padStart(5)} %  ${name}`);
