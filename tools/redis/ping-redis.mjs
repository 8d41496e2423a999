import { createConnection } from 'node:net';
import { connect as connectTls } from 'node:tls';

const TIMEOUT_MS = 3_000;

/**
 * Checks without any library whether a Redis answers at a REDIS_URL. Of several hosts (Cluster, Sentinel) one must answer.
 *
 * @param {string} url
 * @returns {Promise<string | null>} null: it answers; else the problem, as the end of a sentence that begins with "Redis at …"
 */
export async function pingRedis(url) {
  const hosts = url.startsWith('sentinel://')
    ? url
        .slice('sentinel://'.length)
        .split('/')[0]
        .split(',')
        .map((host) => `redis://${host}`)
    : url.split(',');
  let problem = 'is not a URL';
  for (const host of hosts) {
    const text = host.includes('://') ? host.trim() : `redis://${host.trim()}`;
    if (!URL.canParse(text) || !/^rediss?:$/.test(new URL(text).protocol)) {
      problem = 'is not a Redis URL (redis://HOST:PORT, rediss://HOST:PORT, a comma-separated list, or sentinel://HOST:PORT,…/NAME)';
      continue;
    }
    const answer = await pingOne(new URL(text));
    if (answer === null) return null;
    problem = answer;
  }
  return problem;
}

/** @param {URL} url @returns {Promise<string | null>} */
function pingOne({ protocol, hostname, port, username, password }) {
  const where = { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 6379) };
  return new Promise((resolve) => {
    const socket = protocol === 'rediss:' ? connectTls({ ...where, servername: where.host }) : createConnection(where);
    /** @param {string | null} problem */
    const settle = (problem) => {
      socket.destroy();
      resolve(problem);
    };
    let reply = '';
    socket.setTimeout(TIMEOUT_MS, () => settle(`does not answer within ${TIMEOUT_MS / 1_000} s`));
    socket.on('error', (error) => settle(`cannot be reached (${/** @type {NodeJS.ErrnoException} */ (error).code ?? error.message})`));
    socket.on('close', () => settle('closes the connection'));
    socket.on(protocol === 'rediss:' ? 'secureConnect' : 'connect', () => {
      if (password) socket.write(command('AUTH', ...(username ? [decodeURIComponent(username)] : []), decodeURIComponent(password)));
      socket.write(command('PING'));
    });
    socket.on('data', (chunk) => {
      reply += chunk;
      if (/\+PONG\r\n/.test(reply)) return settle(null);
      const refusal = /^-(.*)\r\n/m.exec(reply);
      if (refusal) settle(refusal[1].startsWith('LOADING') ? null : `refuses: ${refusal[1]}`);
    });
  });
}

/** @param {string[]} words */
function command(...words) {
  return `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`;
}
