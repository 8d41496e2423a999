// `npm test`. This file uses only syntax that every Node understands, so that an old Node prints a clear message.
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`Holdfast needs Node 20.19 or newer; this is ${process.versions.node}. See https://nodejs.org/ or use nvm.`);
  process.exit(1);
}
void import('./test-command.mjs').then(({ main }) => main(process.argv.slice(2)));
