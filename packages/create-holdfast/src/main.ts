#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { create } from './create.js';
import { packageManager } from './install.js';
import { Refusal } from './refusal.js';

const { version } = JSON.parse(readFileSync(new URL('./package.json', import.meta.url), 'utf8')) as { version: string };

try {
  await create(process.argv.slice(2), {
    templates: fileURLToPath(new URL('./templates', import.meta.url)),
    version,
    isInteractive: process.stdin.isTTY === true && process.stdout.isTTY === true,
    manager: packageManager(),
    print: (text) => console.log(text),
  });
} catch (error) {
  if (!(error instanceof Refusal)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
