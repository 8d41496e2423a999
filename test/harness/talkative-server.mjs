// A game server that writes 100,000 log lines after SIGUSR2, and 10,000 lines with `console.log`. It uses dist/ like the real game server.
import 'reflect-metadata';
import { Log } from '#libs/telemetry';

const LINES = 100_000;
const LINES_A_TURN = 200;

process.on('SIGUSR2', () => {
  const log = new Log({ server: 'hf:game:talkative', level: 'info', format: process.env.LOG_FORMAT === 'pretty' ? 'pretty' : 'json' });
  let line = 0;
  const talk = () => {
    for (const end = line + LINES_A_TURN; line < end; line++) {
      log.info('line.written', { line, filler: 'x'.repeat(80) });
      if (line % 10 === 0) console.log('printed', line);
    }
    if (line < LINES) setImmediate(talk);
    else log.info('lines.written', { lines: LINES });
  };
  talk();
});

await import('./game-server.mjs');
