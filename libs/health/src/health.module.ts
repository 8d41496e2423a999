import { type DynamicModule, Module } from '@nestjs/common';
import { EligibilityMarks } from './eligibility-marks.js';
import { Eviction } from './eviction.js';
import { EvictionHolds } from './eviction-holds.js';
import {
  CHECK_DEFAULTS,
  CHECK_OPTIONS,
  CHECKER_OPTIONS,
  type CheckOptions,
  type HealthCheckerOptions,
  type HealthResponderOptions,
  RESPONDER_OPTIONS,
} from './health.options.js';
import { HealthChecker } from './health-checker.js';
import { HealthResponder } from './health-responder.js';
import { LostStore } from './lost-store.js';
import { SelfCheck } from './self-check.js';
import { ServerCleanups } from './server-cleanups.js';
import { ServerDials } from './server-dials.js';
import { StoreProbe } from './store-probe.js';
import { UnreachableServers } from './unreachable-servers.js';
import { Verdicts } from './verdicts.js';
import { VoteResponder } from './vote-responder.js';
import { VoterProbe } from './voter-probe.js';

/** Needs `RedisModule`, `TelemetryModule`, `LinkModule`, `FleetModule`, and `ScheduleModule` for a checker. */
@Module({})
export class HealthModule {
  /** For a server that judges others: a gateway. */
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

  /** For every server. */
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
