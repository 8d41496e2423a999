/**
 * Preloaded with `--import`. Lets a server listen on a port other than the port that it announces. A proxy of a test listens on the
 * announced port, and can cut the incoming connections. `LISTEN_BEHIND` is `ANNOUNCED:REAL`.
 */
import { Server } from 'node:net';

const [announced, real] = /** @type {string} */ (process.env.LISTEN_BEHIND).split(':').map(Number);
const { listen, address } = Server.prototype;

/** @this {Server} @param {any[]} args */
Server.prototype.listen = function (...args) {
  if (args[0] === announced) args[0] = real;
  return Reflect.apply(listen, this, args);
};

Server.prototype.address = function () {
  const found = Reflect.apply(address, this, []);
  return found && typeof found === 'object' && found.port === real ? { ...found, port: announced } : found;
};
