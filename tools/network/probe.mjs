import { findNetTools } from './find-net-tools.mjs';

// Exits with 0 where a network of namespaces can be made here; else prints what is missing and exits with 1.
const found = await findNetTools();
if ('missing' in found) {
  console.log(found.missing);
  process.exitCode = 1;
}
