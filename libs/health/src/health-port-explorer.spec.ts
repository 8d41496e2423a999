import { Injectable, Module, Scope } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { HealthPort } from './health-port.decorator.js';
import { HealthPortExplorer } from './health-port-explorer.js';
import { HealthFacts, ServerEndListener } from './ports.js';

@Injectable()
@HealthPort(HealthFacts)
class Facts extends HealthFacts {
  facts() {
    return { rooms: 1, players: 2, capacity: 3 };
  }
}

@Injectable()
@HealthPort(HealthFacts)
class OtherFacts extends Facts {}

@Injectable()
@HealthPort(ServerEndListener)
class EndListener extends ServerEndListener {
  async ended() {}
}

@Injectable({ scope: Scope.REQUEST })
@HealthPort(ServerEndListener)
class EndListenerOfRequest extends EndListener {}

@Injectable()
class UnmarkedListener extends EndListener {}

@Module({ providers: [EndListener, { provide: 'alias', useExisting: EndListener }], exports: [EndListener] })
class OtherModule {}

describe('HealthPortExplorer', () => {
  it('finds a marked provider of any module once, and no unmarked one', async () => {
    const { explorer, get } = await start([Facts, UnmarkedListener]);
    expect(explorer.all(ServerEndListener)).toEqual([get(EndListener)]);
    expect(explorer.all(ServerEndListener)[0]).toBe(get(EndListener));
    expect(explorer.single(HealthFacts)).toBe(get(Facts));
  });

  it('returns null for a port that no provider implements', async () => {
    const { explorer } = await start([]);
    expect(explorer.single(HealthFacts)).toBeNull();
  });

  it('refuses two implementations of a port that takes one', async () => {
    const { explorer } = await start([OtherFacts, Facts]);
    expect(() => explorer.single(HealthFacts)).toThrow(
      'Facts and OtherFacts implement HealthFacts: mark only one of them with @HealthPort.',
    );
  });

  it('refuses a request-scoped provider', async () => {
    const { explorer } = await start([EndListenerOfRequest]);
    expect(() => explorer.all(ServerEndListener)).toThrow(
      'The provider EndListenerOfRequest implements ServerEndListener and is request-scoped: give it the default scope.',
    );
  });
});

describe('HealthPort', () => {
  it('refuses a second port on one class', () => {
    expect(() => HealthPort(HealthFacts)(Facts)).toThrow('Facts has two @HealthPort decorators: write a class for each port.');
  });
});

async function start(providers: (new () => object)[]) {
  const module = await Test.createTestingModule({
    imports: [DiscoveryModule, OtherModule],
    providers: [HealthPortExplorer, ...providers],
  }).compile();
  return {
    explorer: module.get(HealthPortExplorer),
    get: <T>(type: new () => T): T => module.get(type),
  };
}
