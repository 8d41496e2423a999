import { createServer } from 'node:http';
import { createAdapter } from '@socket.io/redis-adapter';
import { Redis } from 'ioredis';
import { Server } from 'socket.io';

// A room of two: both players receive every message, whatever their nodes. With a Redis, this is one of several nodes.
const [port, redisUrl] = process.argv.slice(2);

const http = createServer();
const adapter = redisUrl && createAdapter(new Redis(redisUrl), new Redis(redisUrl));
const io = new Server(http, { transports: ['websocket'], serveClient: false, ...(adapter && { adapter }) });
io.on('connection', (socket) => {
  let room = '';
  socket.on('join', async (name, done) => {
    room = name;
    await socket.join(name);
    done();
  });
  socket.on('tap', (payload) => io.to(room).emit('tap', payload));
});
http.listen(Number(port), '127.0.0.1', () => process.send?.('ready'));

// The process ends with the bench that started it.
process.on('disconnect', () => process.exit());
