#!/usr/bin/env node
import { runBinary } from './run-binary.mjs';

await runBinary(process.argv.slice(2));
