import type { AppModule } from '#libs/server';

/** The extensions that an application adds to a server of any type. */
export interface ServerOptions {
  /**
   * Nest modules with providers that `@Extension` marks (`docs/extending.md`). A server ignores extensions for ports that it does not
   * have, so all servers may get the same list. The setting `EXTENSIONS` adds further modules.
   */
  readonly extensions?: readonly AppModule[];
}
