import { createConnection, isIP } from 'node:net';
import { connect as connectTls } from 'node:tls';

const TIMEOUT_MS = 3_000;

/**
 * Checks without any library whether a Redis answers at a REDIS_URL. When the URL has several hosts (Cluster, Sentinel), one answer is
 * enough. Does not check a password in REDIS_PASSWORD or a file, because the servers report a wrong one themselves.
 *
 * @param {string} url
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {Promise<string | null>} null: it answers; else the problem, as the end of a sentence that begins with "Redis at …"
 */
export async function pingRedis(url, env = process.env) {
  const isSentinel = url.startsWith('sentinel://');
  const isTls = ['true', '1'].includes((isSentinel ? env.REDIS_SENTINEL_TLS : env.REDIS_TLS)?.trim() ?? '');
  const isLoginElsewhere = ['PASSWORD', 'PASSWORD_FILE'].some((name) => env[`REDIS_${isSentinel ? 'SENTINEL_' : ''}${name}`]);
  // The user and the password in the URL of sentinels are for the data nodes, not for the sentinels.
  const hosts = isSentinel
    ? url
        .slice('sentinel://'.length)
        .split('/')[0]
        .replace(/^.*@/, '')
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
    const answer = await pingOne(new URL(text), isTls || new URL(text).protocol === 'rediss:', isLoginElsewhere);
    if (answer === null) return null;
    problem = answer;
  }
  return problem;
}

/** @param {URL} url @param {boolean} isTls @param {boolean} isLoginElsewhere @returns {Promise<string | null>} */
function pingOne({ hostname, port, username, password }, isTls, isLoginElsewhere) {
  const where = { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 6379) };
  return new Promise((resolve) => {
    // Accepts a certificate that this machine does not trust. The servers possibly trust another CA (REDIS_TLS_CA) or expect another name.
    // In this case the program sends no password.
    const tls = isTls ? connectTls({ ...where, ...(!isIP(where.host) && { servername: where.host }), rejectUnauthorized: false }) : null;
    const socket = tls ?? createConnection(where);
    /** @param {string | null} problem */
    const settle = (problem) => {
      socket.destroy();
      resolve(problem);
    };
    let reply = '';
    socket.setTimeout(TIMEOUT_MS, () => settle(`does not answer within ${TIMEOUT_MS / 1_000} s`));
    socket.on('error', (error) => settle(`cannot be reached (${/** @type {NodeJS.ErrnoException} */ (error).code ?? error.message})`));
    socket.on('close', () => settle('closes the connection'));
    socket.on(tls ? 'secureConnect' : 'connect', () => {
      if (password && tls?.authorized !== false)
        socket.write(command('AUTH', ...(username ? [decodeURIComponent(username)] : []), decodeURIComponent(password)));
      socket.write(command('PING'));
    });
    socket.on('data', (chunk) => {
      reply += chunk;
      if (/\+PONG\r\n/.test(reply)) return settle(null);
      const refusal = /^-(.*)\r\n/m.exec(reply);
      const isLoginMissing = refusal?.[1].startsWith('NOAUTH') && (isLoginElsewhere || (password && tls?.authorized === false));
      if (refusal) settle(isLoginMissing || refusal[1].startsWith('LOADING') ? null : `refuses: ${refusal[1]}`);
    });
  });
}

/** @param {string[]} words */
function command(...words) {
  return `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`;
}
