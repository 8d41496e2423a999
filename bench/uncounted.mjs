import { setFlagsFromString } from 'node:v8';

// For the section `counts`: V8's own threads wake the event loop through a descriptor, and the kernel counts these reads and
// writes. Their number depends on the load of the machine, so these threads are disabled.
for (const flag of ['--no-incremental-marking', '--no-concurrent-recompilation', '--no-concurrent-sparkplug']) setFlagsFromString(flag);
