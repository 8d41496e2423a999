import { DiscoveryService } from '@nestjs/core';

/** A port: an abstract class that is also the injection token. */
export type PortClass<Port> = abstract new (...args: never[]) => Port;

export const portMark = DiscoveryService.createDecorator<PortClass<unknown>>();

/**
 * Marks a provider as an implementation of a port. `ExtensionExplorer` finds the provider in every module of the application.
 *
 * @example
 * @Injectable()
 * @Extension(PlacementStrategy)
 * class LeastWork extends PlacementStrategy { … }
 */
export function Extension<Port>(
  port: PortClass<Port>,
): <Implementation extends new (...args: never[]) => Port>(target: Implementation) => void {
  return (target) => {
    if (Reflect.hasOwnMetadata(portMark.KEY, target))
      throw new Error(`${target.name} has two @Extension decorators: write a class for each port.`);
    portMark(port)(target);
  };
}
