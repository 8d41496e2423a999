import { Injectable, Module, Scope } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { Extension } from './extension.decorator.js';
import { ExtensionExplorer } from './extension-explorer.js';

abstract class HealthFacts {
  abstract facts(): object;
}

abstract class ServerEndListener {
  abstract ended(): Promise<void>;
}

@Injectable()
@Extension(HealthFacts)
class Facts extends HealthFacts {
  facts() {
    return { rooms: 1, players: 2, capacity: 3 };
  }
}

@Injectable()
@Extension(HealthFacts)
class OtherFacts extends Facts {}

@Injectable()
@Extension(ServerEndListener)
class EndListener extends ServerEndListener {
  async ended() {}
}

@Injectable({ scope: Scope.REQUEST })
@Extension(ServerEndListener)
class EndListenerOfRequest extends EndListener {}

@Injectable()
class UnmarkedListener extends EndListener {}

@Module({ providers: [EndListener, { provide: 'alias', useExisting: EndListener }], exports: [EndListener] })
class OtherModule {}

describe('ExtensionExplorer', () => {
  it('finds each marked provider once, in whichever module it is', async () => {
    const { explorer, get } = await start([Facts, UnmarkedListener]);
    expect(explorer.all(ServerEndListener)).toEqual([get(EndListener)]);
    expect(explorer.all(ServerEndListener)[0]).toBe(get(EndListener));
    expect(explorer.single(HealthFacts)).toBe(get(Facts));
  });

  it('returns null for a port without an implementation', async () => {
    const { explorer } = await start([]);
    expect(explorer.single(HealthFacts)).toBeNull();
  });

  it('refuses two implementations of a port that allows only one implementation', async () => {
    const { explorer } = await start([OtherFacts, Facts]);
    expect(() => explorer.single(HealthFacts)).toThrow(
      'Facts and OtherFacts implement HealthFacts: mark only one of them with @Extension.',
    );
  });

  it('refuses a request-scoped provider', async () => {
    const { explorer } = await start([EndListenerOfRequest]);
    expect(() => explorer.all(ServerEndListener)).toThrow(
      'The provider EndListenerOfRequest implements ServerEndListener and is request-scoped: give it the default scope.',
    );
  });
});

describe('the decorator Extension', () => {
  it('refuses a second @Extension on the same class', () => {
    expect(() => Extension(HealthFacts)(Facts)).toThrow('Facts has two @Extension decorators: write a class for each port.');
  });
});

async function start(providers: (new () => object)[]) {
  const module = await Test.createTestingModule({
    imports: [DiscoveryModule, OtherModule],
    providers: [ExtensionExplorer, ...providers],
  }).compile();
  return {
    explorer: module.get(ExtensionExplorer),
    get: <T>(type: new () => T): T => module.get(type),
  };
}
