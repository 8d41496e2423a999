import { type DynamicModule, Module } from '@nestjs/common';
import { ExtensionModule, extensionPoint } from '#libs/extension';
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
      imports: [ExtensionModule],
      providers: [
        { provide: PLACEMENT_OPTIONS, useValue: options },
        ...extensionPoint(PlacementStrategy, { useFactory: () => new STRATEGIES[options.strategy ?? STRATEGY_DEFAULT]() }),
        LoadBalancerService,
        PlacementReporter,
        PlacementPool,
      ],
      exports: [PlacementStrategy, LoadBalancerService, PlacementReporter, PlacementPool],
    };
  }
}
