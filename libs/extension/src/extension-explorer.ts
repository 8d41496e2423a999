import { Injectable, type OnModuleInit } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import { type PortClass, portMark } from './extension.decorator.js';

/** Finds the providers that `@Extension` marks. Do not search in a constructor, because other providers may not exist yet. */
@Injectable()
export class ExtensionExplorer implements OnModuleInit {
  /** For each port, the function that finds its implementation at the first call. */
  private readonly declared = new Map<PortClass<unknown>, () => unknown>();

  constructor(private readonly discovery: DiscoveryService) {}

  /** Finds the implementations of all declared ports, so that a wrong implementation stops the start of the server. */
  onModuleInit(): void {
    for (const find of this.declared.values()) find();
  }

  /**
   * Declares a port that takes one implementation. Returns a function that finds the implementation once and remembers it. `ExtensionPoint`
   * calls this method.
   */
  declare<Port>(port: PortClass<Port>, find: () => Port): () => Port {
    let found: Port | undefined;
    const once = (): Port => {
      if (found === undefined) found = find();
      return found;
    };
    this.declared.set(port, once);
    return once;
  }

  /** Returns the marked providers of the application. Each entry has the name of the port and the name of the implementing class. */
  marked(): readonly { readonly port: string; readonly implementation: string }[] {
    return this.discovery.getProviders({ metadataKey: portMark.KEY }).flatMap((wrapper) => {
      const port = this.discovery.getMetadataByDecorator(portMark, wrapper);
      return port ? { port: port.name, implementation: wrapper.name } : [];
    });
  }

  /**
   * Returns the providers that implement the port, in no defined order. Returns each instance once, even when an alias (`useExisting`)
   * provides the same instance again.
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

  /** Returns the provider that implements the port. Null: no provider implements it. Throws when several providers implement the port. */
  single<Port>(port: PortClass<Port>): Port | null {
    const [found = null, ...others] = this.all(port);
    if (others.length > 0) {
      const names = [found, ...others].map((instance) => (instance as object).constructor.name).sort();
      throw new Error(`${names.join(' and ')} implement ${port.name}: mark only one of them with @Extension.`);
    }
    return found;
  }
}
