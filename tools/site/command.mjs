import { parseArgs } from 'node:util';
import { install } from '../install/install.mjs';
import { UsageError } from '../process/plain-error.mjs';

const PORT_DEFAULT = 4173;

/** @param {string[]} argv */
export async function main(argv) {
  const { serve, port } = optionsOf(argv);
  await install({ log: (line) => console.error(line) });
  const { buildSite } = await import('./build-site.mjs');
  await buildSite();
  console.log('dist/site');
  if (!serve) return;
  const { serveSite } = await import('./serve-site.mjs');
  const { url } = await serveSite(port);
  console.log(`The site is at ${url} (Ctrl+C stops it).`);
}

/** @param {string[]} argv @returns {{ serve: boolean, port: number }} */
export function optionsOf(argv) {
  const values = parsed(argv);
  const port = Number(values.port ?? PORT_DEFAULT);
  if (!Number.isInteger(port) || port < 1 || port > 65535)
    throw new UsageError(`--port is ${values.port}: it must be a whole number from 1 to 65535.`);
  if (values.port !== undefined && !values.serve) throw new UsageError('--port needs --serve: without it, nothing listens.');
  return { serve: values.serve ?? false, port };
}

/** @param {string[]} args */
function parsed(args) {
  try {
    return parseArgs({ args, options: { serve: { type: 'boolean' }, port: { type: 'string' } } }).values;
  } catch (error) {
    throw new UsageError(`${/** @type {Error} */ (error).message} See \`npm run site -- --help\`.`);
  }
}
