import { WebSocketServer } from 'ws';

/** What the popular library does by itself: each message back, one process, no way behind it. */
const server = new WebSocketServer({ host: '127.0.0.1', port: Number(process.argv[2]), perMessageDeflate: false }, () =>
  process.send?.('ready'),
);
server.on('connection', (socket) => {
  socket.on('message', (message) => socket.send(message));
  socket.on('error', () => {});
});

// Nothing outlives the bench that started it.
process.on('disconnect', () => process.exit());
