import { findNetTools } from './find-net-tools.mjs';

// Exits with 0 when this machine can create network namespaces. Else prints the reason and exits with 1.
const found = await findNetTools();
if ('missing' in found) {
  console.log(found.missing);
  process.exitCode = 1;
}
