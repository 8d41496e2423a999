import { type DynamicModule, Module, type Type } from '@nestjs/common';
import { LoadBalancerService } from './load-balancer.service.js';
import { PLACEMENT_OPTIONS, type PlacementOptions } from './placement.options.js';
import { PlacementPool } from './placement-pool.js';
import { PlacementReporter } from './placement-reporter.js';
import { PlacementStrategy, STRATEGIES, STRATEGY_DEFAULT } from './placement-strategy.js';

@Module({})
export class PlacementModule {
  static forRoot(options: PlacementOptions = {}): DynamicModule {
    return {
      module: PlacementModule,
      global: true,
      providers: [
        { provide: PLACEMENT_OPTIONS, useValue: options },
        { provide: PlacementStrategy, useClass: strategyClass(options.strategy ?? STRATEGY_DEFAULT) },
        LoadBalancerService,
        PlacementReporter,
        PlacementPool,
      ],
      exports: [PlacementStrategy, LoadBalancerService, PlacementReporter, PlacementPool],
    };
  }
}

function strategyClass(strategy: NonNullable<PlacementOptions['strategy']>): Type<PlacementStrategy> {
  return typeof strategy === 'string' ? STRATEGIES[strategy] : strategy;
}
