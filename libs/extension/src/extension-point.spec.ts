import { Injectable, Module, type OnModuleInit } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { Extension } from './extension.decorator.js';
import { ExtensionModule } from './extension.module.js';
import { ExtensionExplorer } from './extension-explorer.js';
import { extensionPoint } from './extension-point.js';

abstract class Greeter {
  abstract readonly language: string;
  abstract greet(name: string): string;
  shout(name: string): string {
    return this.greet(name).toUpperCase();
  }
}

@Injectable()
class English extends Greeter {
  readonly language = 'en';
  greet(name: string): string {
    return `Hello ${name}`;
  }
}

@Injectable()
class Names {
  readonly polite = (name: string): string => `Frau ${name}`;
}

@Injectable()
@Extension(Greeter)
class German extends Greeter implements OnModuleInit {
  readonly language = 'de';
  inits = 0;
  constructor(private readonly names: Names) {
    super();
  }
  greet(name: string): string {
    return `Guten Tag ${this.names.polite(name)}`;
  }
  onModuleInit(): void {
    this.inits += 1;
  }
}

@Injectable()
@Extension(Greeter)
class Danish extends English {}

@Injectable()
class Party {
  constructor(readonly greeter: Greeter) {}
}

@Module({
  imports: [ExtensionModule],
  providers: [...extensionPoint(Greeter, { useFactory: () => new English() }), Party],
  exports: [Greeter],
})
class PartyModule {}

@Module({ providers: [German, Names] })
class GermanModule {}

describe('an extension point', () => {
  const modules: TestingModule[] = [];
  afterEach(() => Promise.all(modules.splice(0).map((module) => module.close())));
  const start = async (...imports: (new () => object)[]) => {
    const module = await Test.createTestingModule({ imports }).compile();
    modules.push(module);
    return module;
  };

  it('uses the default when no module implements the port', async () => {
    const { greeter } = (await start(PartyModule)).get(Party);
    expect([greeter.language, greeter.greet('Ada'), greeter.shout('Ada')]).toEqual(['en', 'Hello Ada', 'HELLO ADA']);
    expect(greeter).toBeInstanceOf(Greeter);
  });

  it.each([
    ['after', [PartyModule, GermanModule]],
    ['before', [GermanModule, PartyModule]],
  ])('uses the marked provider of a module that is imported %s the module of the port', async (_, imports) => {
    const module = await start(...imports);
    await module.init();
    const { greeter } = module.get(Party);
    expect([greeter.language, greeter.shout('Ada')]).toEqual(['de', 'GUTEN TAG FRAU ADA']);
    expect(module.get(German).inits).toBe(1);
  });

  it('stops the start with an error that names both providers when two providers implement the port', async () => {
    @Module({ providers: [Danish] })
    class DanishModule {}
    const module = await start(PartyModule, GermanModule, DanishModule);
    await expect(module.init()).rejects.toThrow('Danish and German implement Greeter: mark only one of them with @Extension.');
  });

  it('stops the start with the error message of the port when no default and no provider exist', async () => {
    @Module({ imports: [ExtensionModule], providers: extensionPoint(Greeter, null, 'Somebody must greet.') })
    class StrictModule {}
    await expect((await start(StrictModule)).init()).rejects.toThrow('Somebody must greet.');
  });

  it('lists the marked providers of the application', async () => {
    const module = await start(PartyModule, GermanModule);
    expect(module.get(ExtensionExplorer, { strict: false }).marked()).toEqual([{ port: 'Greeter', implementation: 'German' }]);
  });
});
