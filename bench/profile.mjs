import { writeFileSync } from 'node:fs';
import { Session } from 'node:inspector';

// BENCH_NODE_OPTIONS_GAME="--import ./bench/profile.mjs" npm run bench -- latency --quick
// profiles every game server (or with GATEWAY, LOBBY, LOAD another type) from its start to the end of the bench, and
// writes .holdfast/<program>-<pid>.cpuprofile. Node 20 does not accept --cpu-prof from the environment.
const session = new Session();
session.connect();
session.post('Profiler.enable');
session.post('Profiler.start');

process.on('SIGUSR2', () => {
  session.post('Profiler.stop', (error, { profile }) => {
    if (error) return;
    const program = (process.argv[1] ?? 'node').split('/').slice(-3).join('-').replace('.js', '');
    writeFileSync(`.holdfast/${program}-${process.pid}.cpuprofile`, JSON.stringify(profile));
  });
});
