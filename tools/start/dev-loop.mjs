import { PlainError } from '../process/plain-error.mjs';
import { affectedTypes } from '../project/affected-types.mjs';
import { CannotStart } from './renewal.mjs';
import { watchFolders } from './watch-folders.mjs';

/**
 * Watches a project for edits: compiles the changed files, and restarts the servers that load them. After an edit with an error, the
 * servers keep the old build.
 */
export class DevLoop {
  /**
   * True while the servers are renewed. A further edit then waits, because only one renewal may run at a time. It is also true until
   * `begin`, so that edits during the start of the servers wait.
   */
  #isWorking = true;
  /** The time of the first edit since the current build began. Null: there was no edit. @type {number | null} */
  #changedAgainAt = null;
  /** Aborted when a newer edit arrives during the current renewal. */
  #newerEdit = new AbortController();

  /**
   * @param {import('../project/project.mjs').Project} project
   * @param {import('./renewal.mjs').Renewal} renewal
   * @param {{ env: NodeJS.ProcessEnv, say: (text: string) => void, warn: (text: string) => void, reasonOf: (error: CannotStart) => string }} context
   */
  constructor(project, renewal, context) {
    this.project = project;
    this.renewal = renewal;
    this.context = context;
  }

  /**
   * Collects edits from now on, which `begin` handles. Assumes that the servers will run the present build. Call this method before the
   * servers start. Otherwise it would miss an edit during their start.
   *
   * @returns {Promise<() => void>} stops following
   */
  async follow() {
    const end = watchFolders(this.project.watch, (changedAt) => void this.#change(changedAt));
    await this.project.follow();
    return end;
  }

  /** Begins to restart servers, first for the edits since `follow`, then after each further edit. Call it when the servers have started. */
  begin() {
    this.#isWorking = false;
    const changedAt = this.#changedAgainAt;
    this.#changedAgainAt = null;
    if (changedAt !== null) void this.#change(changedAt);
  }

  /** @param {number} changedAt */
  async #change(changedAt) {
    if (this.#isWorking) {
      this.#changedAgainAt ??= changedAt;
      const newerEdit = this.#newerEdit;
      // The watched folders can also contain files that are not sources, such as compiled files. These must not interrupt a start.
      if (await this.project.hasEdits().catch(() => true)) newerEdit.abort();
      return;
    }
    this.#isWorking = true;
    for (let at = /** @type {number | null} */ (changedAt); at !== null; at = this.#changedAgainAt) {
      this.#changedAgainAt = null;
      await this.#renew(at).catch((error) =>
        this.context.warn(error instanceof PlainError ? error.message : (error?.stack ?? String(error))),
      );
    }
    this.#isWorking = false;
  }

  /** @param {number} changedAt */
  async #renew(changedAt) {
    const { project, renewal, context } = this;
    this.#newerEdit = new AbortController();
    const { signal } = this.#newerEdit;
    let update;
    try {
      update = await project.compile();
    } catch (error) {
      context.warn(`not built, so the old build keeps running: ${error instanceof Error ? error.message : error}`);
      return;
    }
    const types = affectedTypes(update.changed, project, context.env);
    if (types.size > 0) {
      try {
        const names = [...types].map((type) => NAMES[type]).join(', ');
        await renewal.run(types, signal);
        context.say(`${names} run the new build, ${Math.round(performance.now() - changedAt)} ms after the edit`);
      } catch (error) {
        await update.undo();
        renewal.resume();
        if (signal.aborted && error === signal.reason) return;
        if (!(error instanceof CannotStart)) throw error;
        context.warn(`not started, so the old build keeps running: ${context.reasonOf(error)}`);
        return;
      }
    }
    if (this.#changedAgainAt !== null) return;
    const pages = await project.buildPages();
    if (pages.length > 0) context.say(`${pages.join(', ')} built`);
  }
}

const NAMES = { gateway: 'gateways', lobby: 'lobbies', game: 'game servers' };
