import { DiscoveryService } from '@nestjs/core';

/** An abstract class of `ports.ts`. */
export type PortClass<Port> = abstract new (...args: never[]) => Port;

/** The mark that `HealthPort` sets. Its value is the port. */
export const portMark = DiscoveryService.createDecorator<PortClass<unknown>>();

/**
 * Marks a provider as an implementation of a port of this library. `HealthPortExplorer` finds it in every module of the application.
 *
 * @example
 * @Injectable()
 * @HealthPort(ServerEndListener)
 * class PlacementCleanup extends ServerEndListener { … }
 */
export function HealthPort<Port>(
  port: PortClass<Port>,
): <Implementation extends new (...args: never[]) => Port>(target: Implementation) => void {
  return (target) => {
    if (Reflect.hasOwnMetadata(portMark.KEY, target))
      throw new Error(`${target.name} has two @HealthPort decorators: write a class for each port.`);
    portMark(port)(target);
  };
}
