import { preview } from 'vite';
import { SITE } from './build-site.mjs';

/**
 * Serves a built site on 127.0.0.1.
 *
 * @param {number} port With 0, the system chooses a free port.
 * @returns {Promise<{ url: string, close(): Promise<void> }>}
 */
export async function serveSite(port, outDir = SITE) {
  const server = await preview({
    configFile: false,
    appType: 'mpa',
    logLevel: 'warn',
    build: { outDir },
    preview: { host: '127.0.0.1', port, strictPort: port !== 0 },
  });
  const { port: own } = /** @type {import('node:net').AddressInfo} */ (server.httpServer.address());
  return { url: `http://127.0.0.1:${own}/`, close: () => server.close() };
}
