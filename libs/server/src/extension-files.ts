import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { DynamicModule, Type } from '@nestjs/common';

/** A Nest module of the application. */
export type AppModule = Type | DynamicModule;

/**
 * Loads the modules that the setting `EXTENSIONS` names. Each file exports one Nest module as `default`.
 *
 * @throws an error that names the file and the problem
 */
export async function extensionsAt(paths: readonly string[]): Promise<AppModule[]> {
  return Promise.all(paths.map(extensionAt));
}

/**
 * Reads the file of an extension, and runs no code of it.
 *
 * @throws an error that names the file and the problem
 */
export function readExtension(path: string): void {
  try {
    readFileSync(path);
  } catch (error) {
    throw notLoaded(path, error);
  }
}

async function extensionAt(path: string): Promise<AppModule> {
  readExtension(path);
  let exported: unknown;
  try {
    ({ default: exported } = (await import(pathToFileURL(resolve(path)).href)) as { default?: unknown });
  } catch (error) {
    throw notLoaded(path, error);
  }
  const module = typeof exported === 'object' && exported !== null ? (exported as Partial<DynamicModule>).module : exported;
  if (typeof module !== 'function') throw new Error(`EXTENSIONS names ${JSON.stringify(path)}: it must export a Nest module as default`);
  return exported as AppModule;
}

function notLoaded(path: string, error: unknown): Error {
  return new Error(`EXTENSIONS names ${JSON.stringify(path)}, which cannot be loaded: ${(error as Error).message}`);
}
