import { type DynamicModule, Module } from '@nestjs/common';
import { ExtensionModule } from '#libs/extension';
import { HealthResponder } from './answer/health-responder.js';
import { ServerCleanups } from './cleanup/server-cleanups.js';
import { HealthEvidence } from './evidence/health-evidence.js';
import { PeerStoreLossDetector } from './evidence/peer-store-loss-detector.js';
import { ServerDials } from './evidence/server-dials.js';
import { StoreProbe } from './evidence/store-probe.js';
import { CHECK_DEFAULTS, CHECK_OPTIONS, type CheckOptions } from './health.options.js';
import { EligibilityMarks } from './monitor/eligibility-marks.js';
import { HealthChecker } from './monitor/health-checker.js';
import { SelfCheck } from './monitor/self-check.js';
import { UnreachableServers } from './unreachable/unreachable-servers.js';
import { Eviction } from './voting/eviction.js';
import { EvictionHolds } from './voting/eviction-holds.js';
import { Verdicts } from './voting/verdicts.js';
import { VoteResponder } from './voting/vote-responder.js';
import { VoterProbe } from './voting/voter-probe.js';

/**
 * Requires `RedisModule`, `TelemetryModule`, `LinkModule` and `FleetModule`. A checker also requires `ScheduleModule`. `@Extension` marks
 * the implementations of the ports.
 */
@Module({})
export class HealthModule {
  /** Returns the module with which a gateway also checks other servers. */
  static forChecker(options: Partial<CheckOptions> = {}): DynamicModule {
    return {
      module: HealthModule,
      imports: [ExtensionModule],
      providers: [
        { provide: CHECK_OPTIONS, useValue: checkOptions(options) },
        StoreProbe,
        PeerStoreLossDetector,
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
        HealthEvidence,
      ],
      exports: [Eviction, HealthChecker, UnreachableServers, HealthEvidence],
    };
  }

  /** Returns the module with which every server answers health checks. */
  static forResponder(): DynamicModule {
    return {
      module: HealthModule,
      imports: [ExtensionModule],
      providers: [HealthResponder],
      exports: [HealthResponder],
    };
  }
}

function checkOptions(options: Partial<CheckOptions>): CheckOptions {
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  return { ...CHECK_DEFAULTS, ...given };
}
