import { WebSocketServer } from 'ws';

/** The library `ws` alone: one process that sends each message back, with nothing behind it. */
const server = new WebSocketServer({ host: '127.0.0.1', port: Number(process.argv[2]), perMessageDeflate: false }, () =>
  process.send?.('ready'),
);
server.on('connection', (socket) => {
  socket.on('message', (message) => socket.send(message));
  socket.on('error', () => {});
});

// The process ends with the bench that started it.
process.on('disconnect', () => process.exit());
