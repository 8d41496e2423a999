import { type DynamicModule, Module } from '@nestjs/common';
import { HealthResponder } from './answer/health-responder.js';
import { ServerCleanups } from './cleanup/server-cleanups.js';
import { LostStore } from './evidence/lost-store.js';
import { ServerDials } from './evidence/server-dials.js';
import { StoreProbe } from './evidence/store-probe.js';
import {
  CHECK_DEFAULTS,
  CHECK_OPTIONS,
  CHECKER_OPTIONS,
  type CheckOptions,
  type HealthCheckerOptions,
  type HealthResponderOptions,
  RESPONDER_OPTIONS,
} from './health.options.js';
import { EligibilityMarks } from './monitor/eligibility-marks.js';
import { HealthChecker } from './monitor/health-checker.js';
import { SelfCheck } from './monitor/self-check.js';
import { UnreachableServers } from './unreachable/unreachable-servers.js';
import { Eviction } from './voting/eviction.js';
import { EvictionHolds } from './voting/eviction-holds.js';
import { Verdicts } from './voting/verdicts.js';
import { VoteResponder } from './voting/vote-responder.js';
import { VoterProbe } from './voting/voter-probe.js';

/** Needs `RedisModule`, `TelemetryModule`, `LinkModule`, `FleetModule`, and `ScheduleModule` for a checker. */
@Module({})
export class HealthModule {
  /** For a server that checks others: a gateway. */
  static forChecker(options: HealthCheckerOptions = {}): DynamicModule {
    return {
      module: HealthModule,
      providers: [
        { provide: CHECKER_OPTIONS, useValue: options },
        { provide: CHECK_OPTIONS, useValue: checkOptions(options) },
        StoreProbe,
        LostStore,
        ServerDials,
        ServerCleanups,
        Eviction,
        EvictionHolds,
        VoterProbe,
        Verdicts,
        VoteResponder,
        SelfCheck,
        EligibilityMarks,
        HealthChecker,
        UnreachableServers,
      ],
      exports: [Eviction, HealthChecker, UnreachableServers],
    };
  }

  /** The part that every server imports: it answers health checks. */
  static forResponder(options: HealthResponderOptions = {}): DynamicModule {
    return {
      module: HealthModule,
      providers: [{ provide: RESPONDER_OPTIONS, useValue: options }, HealthResponder],
      exports: [HealthResponder],
    };
  }
}

function checkOptions(options: HealthCheckerOptions): CheckOptions {
  const { intervalMs, maxMisses, graceMs, holdMs, dryRun } = { ...CHECK_DEFAULTS, ...definedOf(options) };
  return { intervalMs, maxMisses, graceMs, holdMs, dryRun };
}

function definedOf(options: HealthCheckerOptions): HealthCheckerOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}
