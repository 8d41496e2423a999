import { hasServers, PROJECT, ROOT } from '../process/paths.mjs';

/**
 * A folder with the servers that the tools start: this repository, or a project that has installed `@holdfast/cli`.
 *
 * @typedef {'gateway' | 'lobby' | 'game'} ServerType
 * @typedef {import('../build/incremental-compiler.mjs').Update} Update
 * @typedef {<T>(text: string, work: (say: (text: string) => void) => Promise<T>) => Promise<T>} Step
 *
 * @typedef {object} Project
 * @property {string} root
 * @property {boolean} isRepository
 * @property {Readonly<Record<ServerType, string>>} entries the JavaScript file that starts each type of server
 * @property {readonly string[]} watch folders whose changes may concern the servers
 * @property {readonly string[]} settings files that concern the servers, but whose edits the fleet only applies when it starts again
 * @property {{ script: string, tsconfig: string } | null} typeCheck the compiler that checks types, and its configuration
 * @property {(step: Step, needs: { redisUrl: string | null, env: NodeJS.ProcessEnv }) => Promise<void>} prepare installs and builds what
 *   is missing
 * @property {() => Promise<void>} follow assumes that the present sources are built; to be called before the first
 *   `compile`
 * @property {() => Promise<boolean>} hasEdits returns whether `compile` would build something
 * @property {() => Promise<Update>} compile builds the servers after an edit
 * @property {() => Promise<string[]>} buildPages builds pages after an edit, and returns the names of those that changed
 */

/**
 * Returns the project of the working directory.
 *
 * @returns {Promise<Project>}
 * @throws {import('../process/plain-error.mjs').PlainError} when its configuration is wrong
 */
export async function openProject() {
  if (PROJECT === ROOT && hasServers(ROOT)) return (await import('./repository-project.mjs')).repositoryProject();
  return (await import('./outside-project.mjs')).outsideProject(PROJECT);
}
