import { Injectable } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import { type PortClass, portMark } from './extension.decorator.js';

/** Finds the providers that `@Extension` marks. Do not use it in a constructor, because other providers may not exist yet. */
@Injectable()
export class ExtensionExplorer {
  constructor(private readonly discovery: DiscoveryService) {}

  /**
   * Returns the providers that implement the port, in no defined order. Each instance is there once, even when an alias (`useExisting`)
   * lists it again.
   */
  all<Port>(port: PortClass<Port>): readonly Port[] {
    const instances = new Set<Port>();
    for (const wrapper of this.discovery.getProviders({ metadataKey: portMark.KEY })) {
      if (this.discovery.getMetadataByDecorator(portMark, wrapper) !== port) continue;
      if (!wrapper.isDependencyTreeStatic())
        throw new Error(`The provider ${wrapper.name} implements ${port.name} and is request-scoped: give it the default scope.`);
      instances.add(wrapper.instance as Port);
    }
    return [...instances];
  }

  /** Returns the provider that implements the port; null when there is none. Throws when there are several. */
  single<Port>(port: PortClass<Port>): Port | null {
    const [found = null, ...others] = this.all(port);
    if (others.length > 0) {
      const names = [found, ...others].map((instance) => (instance as object).constructor.name).sort();
      throw new Error(`${names.join(' and ')} implement ${port.name}: mark only one of them with @Extension.`);
    }
    return found;
  }
}
