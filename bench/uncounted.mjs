import { setFlagsFromString } from 'node:v8';

// For the section `counts`: V8's own threads wake the loop by reading and writing a descriptor of their own, which the
// kernel counts like any other. How often they do depends on how busy the machine is; here they are not to.
for (const flag of ['--no-incremental-marking', '--no-concurrent-recompilation', '--no-concurrent-sparkplug']) setFlagsFromString(flag);
