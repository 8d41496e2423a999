import { Room, Server } from '@colyseus/core';
import { RedisDriver } from '@colyseus/redis-driver';
import { RedisPresence } from '@colyseus/redis-presence';
import { WebSocketTransport } from '@colyseus/ws-transport';
import { Arena, PlainArena } from './arena.mjs';

// A room of two: both players receive every message. With a Redis, this is one of several processes that share the matchmaking.
const [port, redisUrl] = process.argv.slice(2);

class Pair extends Room {
  maxClients = 2;

  onCreate() {
    this.onMessage('tap', (_, payload) => this.broadcast('tap', payload));
  }
}

const server = new Server({
  greet: false,
  gracefullyShutdown: false,
  transport: new WebSocketTransport(),
  ...(redisUrl && { driver: new RedisDriver(redisUrl), presence: new RedisPresence(redisUrl), publicAddress: `127.0.0.1:${port}` }),
});
server.define('pair', Pair);
server.define('arena', Arena);
server.define('plain-arena', PlainArena);
await server.listen(Number(port), '127.0.0.1');
process.send?.('ready');

// The process ends with the bench that started it.
process.on('disconnect', () => process.exit());
