import { writeFileSync } from 'node:fs';
import type { Server as HttpsServer } from 'node:https';
import type { DynamicModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { sleep } from '#libs/async';
import { LinkTrust, type OfferedGames, refuseNewerData, Self, ServerRegistration } from '#libs/fleet';
import { Links, LinkTransport } from '#libs/link';
import type { ServerType } from '#libs/protocol';
import { RedisConnections, StoreClock } from '#libs/redis';
import { loadEnvironment, readSettings, SettingsError, type SettingsOf, unknownSettings } from '#libs/settings';
import { StoreStartupWait } from '#libs/settlement';
import { guardStandardStreams, HOLDFAST_VERSION, Log, NestLog } from '#libs/telemetry';
import { certificateFrom } from '#libs/tls';
import type { CommonSettings } from './core.module.js';
import { type AppModule, extensionsAt } from './extension-files.js';
import { describeFlawsForPeople } from './issue-sentence.js';
import { limitOps } from './ops-limits.js';
import { opsHeaders } from './page-headers.js';
import { startupFileProblems } from './startup-files.js';

/** The parts that one type of server adds to the common life cycle. */
export interface ServerPlan<Type extends ServerType> {
  readonly type: Type;
  module(settings: SettingsOf<Type>): DynamicModule;
  /**
   * Modules of the application with providers that `@Extension` marks: `docs/extending.md`. The setting `EXTENSIONS` adds further modules.
   */
  readonly extensions?: readonly AppModule[];
  /** Returns the games that the server offers. Runs after the modules are initialized. */
  games?(app: NestExpressApplication): OfferedGames;
  /**
   * Registers `listener` for SIGINT at the watchdog, and returns true. Returns false when no watchdog runs, so that the caller registers
   * the listener at the process. Needed for a game server with a watchdog, because a listener of the process would also receive the
   * watchdog's interrupts.
   */
  onInterrupt?(app: NestExpressApplication, listener: () => void): boolean;
  /** Adds routes to the ops port, in addition to the controllers. Runs before the server listens. */
  prepare?(app: NestExpressApplication, settings: SettingsOf<Type>): void;
  /** Opens the ports for clients, and returns them for the ready file. Runs when the server is registered but not ready. */
  open?(app: NestExpressApplication, settings: SettingsOf<Type>): Promise<Record<string, number>>;
  /** Starts the work that needs a ready server. */
  ready?(app: NestExpressApplication): Promise<void>;
  /** Moves the work of a stopping server to other servers. Runs while this server is still in the fleet. */
  drain?(app: NestExpressApplication, settings: SettingsOf<Type>): Promise<void>;
}

/** Time limit for requests that arrive before the other servers have read that this server stops, in ms. */
const LAST_REQUESTS_MS = 5_000;
/**
 * Time that a stopping server waits after it has published the state `draining`, in ms. In this time, other servers finish the requests for
 * which they had already chosen this server.
 */
const DRAINING_NOTICE_MS = 150;
const READY_FILE_RETRY_MS = 1_000;

/**
 * Runs a server through its life cycle: settings, Redis, link, ops port, registration, client ports. On SIGTERM, SIGINT or SIGHUP the
 * server closes these parts in reverse order, without losing a reply in flight. When the server cannot start, it prints the reason in one
 * sentence and exits with code 1.
 */
export async function runServer<Type extends ServerType>(plan: ServerPlan<Type>): Promise<void> {
  guardStandardStreams();
  describeFlawsForPeople();
  try {
    await start(plan);
  } catch (error) {
    const isExpected =
      error instanceof SettingsError || (error instanceof Error && !('stack' in error && /TypeError|ReferenceError/.test(error.name)));
    process.stderr.write(
      `${isExpected && process.env.LOG_LEVEL !== 'debug' ? (error as Error).message : ((error as Error).stack ?? String(error))}\n`,
    );
    process.exit(1);
  }
}

async function start<Type extends ServerType>(plan: ServerPlan<Type>): Promise<void> {
  const environment = loadEnvironment();
  const settings: SettingsOf<Type> = readSettings(plan.type, environment);
  const { server, link, ops } = settings as CommonSettings;
  const problems = startupFileProblems(settings as CommonSettings);
  if (problems.length > 0) throw new SettingsError(plan.type, problems);
  const certificate = certificateFrom(ops, 'OPS');
  const extensions = [...(plan.extensions ?? []), ...(await extensionsAt(server.extensions))];
  const app = await NestFactory.create<NestExpressApplication>(withExtensions(plan.module(settings), extensions), {
    bufferLogs: true,
    abortOnError: false,
    ...(certificate && { httpsOptions: certificate.options }),
  });
  limitOps(app.getHttpServer());
  certificate?.keepFresh(app.getHttpServer() as HttpsServer);
  app.disable('x-powered-by');
  app.use(opsHeaders);
  app.useLogger(app.get(NestLog));
  const log = app.get(Log);
  for (const { variable, nearest } of unknownSettings(environment)) log.warn('setting.unknown', { variable, nearest });
  // Writes warnings to the server log, and removes Node's own listener, which prints a warning over several lines.
  process.removeAllListeners('warning');
  process.on('warning', (error) => log.warn('process.warned', { error }));
  await app.get(RedisConnections).ready();
  await refuseNewerData(app.get(RedisConnections).commands);
  await app.get(StoreStartupWait).whenServersAreListed();
  await app.get(StoreClock).start();
  const transport = new LinkTransport(app.get(Links));
  app.connectMicroservice({ strategy: transport }, { inheritAppConfig: true });
  plan.prepare?.(app, settings);
  // Initializes the modules before the first link opens, because their `onModuleInit` methods register the listeners for links.
  await app.init();
  await app.startAllMicroservices();
  const linkPort = await app.get(Links).listen();
  await listen(app, ops.host, ops.port);
  const opsPort = new URL(await app.getUrl()).port;
  const registration = app.get(ServerRegistration);
  await registration.register({ linkHost: link.host, linkPort, opsHost: ops.host, opsPort: Number(opsPort) }, plan.games?.(app));
  const ports = (await plan.open?.(app, settings)) ?? {};
  // Refuses the start of a game server with a wrong link secret, because this server must not get any room.
  await app.get(LinkTrust).compareSecrets();
  await registration.setState('ready');
  await plan.ready?.(app);
  const { id, incarnation } = app.get(Self);
  const facts = { id, incarnation, linkPort, opsPort: Number(opsPort), ...ports };
  if (server.readyFile) writeReadyFile(server.readyFile, JSON.stringify(facts), log);
  log.info('server.ready', { ...facts, version: HOLDFAST_VERSION });

  let isStopping = false;
  const stop = async (signal: string, code = 0): Promise<void> => {
    if (isStopping) return;
    isStopping = true;
    log.info('server.stopping', { signal });
    try {
      await registration.setState('draining').catch(() => false);
      await sleep(DRAINING_NOTICE_MS);
      await plan.drain?.(app, settings);
      await transport.whenIdle(LAST_REQUESTS_MS);
      await registration.leave();
      await app.close();
    } catch (error) {
      log.error('server.stop-failed', { error });
      process.exit(1);
    }
    process.exit(code);
  };
  process.on('SIGTERM', () => void stop('SIGTERM'));
  const interrupted = (): void => void stop('SIGINT');
  if (!plan.onInterrupt?.(app, interrupted)) process.on('SIGINT', interrupted);
  // A SIGHUP means that the terminal of this process was closed.
  process.on('SIGHUP', () => void stop('SIGHUP'));
  registration.onEvicted((notice) => {
    if (notice === 'replaced') void stop('replaced', 1);
  });
}

/** Returns the module of the server, with the modules of the application among its imports. */
function withExtensions(module: DynamicModule, extensions: readonly AppModule[]): DynamicModule {
  return { ...module, imports: [...(module.imports ?? []), ...extensions] };
}

/** Writes the ready file. When the write fails, for example on a full disk, the server continues and repeats the write. */
function writeReadyFile(file: string, text: string, log: Log, isAgain = false): void {
  try {
    writeFileSync(file, text, { mode: 0o600 });
    if (isAgain) log.info('ready-file.written', { file });
  } catch (error) {
    if (!isAgain) log.error('ready-file.write-failed', { file, error });
    setTimeout(() => writeReadyFile(file, text, log, true), READY_FILE_RETRY_MS).unref();
  }
}

async function listen(app: NestExpressApplication, host: string, port: number): Promise<void> {
  try {
    await app.listen(port, host);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE')
      throw new Error(`port ${port} is in use by another program. Set OPS_PORT to a free port`);
    throw error;
  }
}
