import { spawn } from 'node:child_process';

/** A program that installs npm packages. */
export type PackageManager = 'npm' | 'pnpm';

/** Returns the program with which the command was started: `npm create` or `pnpm create`. */
export function packageManager(userAgent = process.env.npm_config_user_agent ?? ''): PackageManager {
  return userAgent.startsWith('pnpm/') ? 'pnpm' : 'npm';
}

/** Installs the packages of a project. Resolves with false when that failed. The output of the program goes to this terminal. */
export function installPackages(folder: string, manager: PackageManager): Promise<boolean> {
  const quiet = manager === 'npm' ? ['--no-audit', '--no-fund', '--loglevel=error'] : [];
  return new Promise((resolve) => {
    const child = spawn(manager, ['install', ...quiet], { cwd: folder, stdio: 'inherit' });
    child.once('error', () => resolve(false));
    child.once('exit', (code) => resolve(code === 0));
  });
}
