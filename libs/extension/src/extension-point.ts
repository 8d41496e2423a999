import type { ExistingProvider, FactoryProvider, Provider } from '@nestjs/common';
import type { PortClass } from './extension.decorator.js';
import { ExtensionExplorer } from './extension-explorer.js';

/**
 * Provides a port that has one implementation: the provider that the application marks with `@Extension`, else `fallback`. With two marked
 * providers, the server does not start. A module that calls this function must import `ExtensionModule`.
 *
 * Do not call the port in a constructor, because Nest may construct the implementation later. Such a call throws.
 *
 * @param fallback the default; null: there is no default, so the server does not start without an implementation of the application @param
 * missing the error message when there is neither a default nor an implementation
 */
export function extensionPoint<Port extends object>(
  port: PortClass<Port>,
  fallback: Pick<FactoryProvider<Port>, 'useFactory' | 'inject'> | Pick<ExistingProvider<Port>, 'useExisting'> | null,
  missing = '',
): Provider[] {
  const token = Symbol(`Default${port.name}`);
  const defaults: Provider = fallback === null ? { provide: token, useValue: null } : { provide: token, ...fallback };
  return [
    defaults,
    {
      provide: port,
      inject: [ExtensionExplorer, token],
      useFactory: (explorer: ExtensionExplorer, fallbackInstance: Port | null) =>
        standIn(
          port,
          explorer.declare(port, () => {
            const chosen = explorer.single(port) ?? fallbackInstance;
            if (chosen === null) throw new Error(missing);
            return chosen;
          }),
        ),
    },
  ];
}

/**
 * Properties that Nest and promises read from every object. The object that `standIn` returns does not have them, because Nest calls the
 * hooks of the implementation itself, and because Nest would treat an object with `then` as a promise.
 */
const NOT_OF_PORT: ReadonlySet<PropertyKey> = new Set([
  'then',
  'onModuleInit',
  'onApplicationBootstrap',
  'onModuleDestroy',
  'beforeApplicationShutdown',
  'onApplicationShutdown',
]);

/** Returns an object that forwards every property of the port to the implementation. It finds the implementation at the first access. */
function standIn<Port extends object>(port: PortClass<Port>, implementation: () => Port): Port {
  return new Proxy(Object.create(port.prototype as object) as Port, {
    get(target, name) {
      if (NOT_OF_PORT.has(name)) return undefined;
      if (name === 'constructor' || typeof name === 'symbol') return Reflect.get(target, name);
      const chosen = implementation();
      const value: unknown = Reflect.get(chosen, name);
      return typeof value === 'function' ? value.bind(chosen) : value;
    },
  });
}
