import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import ts from 'typescript';

/** Checks the rules of CONTRIBUTING.md for the lifecycle of Nest providers. */
const ROOT = join(__dirname, '..');
const PROVIDER_DECORATORS = ['Injectable', 'Controller', 'Catch', 'Game'];
const HOOKS = ['onModuleInit', 'onApplicationBootstrap'];

/** Providers that must subscribe or listen in their constructor, each with the reason. For them, Nest calls `onModuleInit` too late. */
const EARLY: Readonly<Record<string, string>> = {
  RedisConnections: 'it reports the errors of its clients, which run-server awaits before the hooks',
  PubSub: 'it restores the subscriptions of every connection, also of the first, which run-server awaits before the hooks',
  StoreGeneration: 'it identifies the run of Redis at the first connection, and StoreStartupWait waits for that before the hooks',
  Log: 'lines may be dropped before the hooks, and the loss must be reported',
};

const sources = ['apps', 'libs', 'games'].flatMap(sourcesUnder).map((path) => parse(path, readFileSync(join(ROOT, path), 'utf8')));

describe('a provider of the libraries and apps', () => {
  it('starts no timer and registers no listener in its constructor', () => {
    const found = sources
      .flatMap(providersIn)
      .flatMap((provider) => startsOf(provider).map((call) => ({ provider: nameOf(provider), call })));
    expect(found.filter(({ provider }) => !(provider in EARLY))).toEqual([]);
    expect([...new Set(found.map(({ provider }) => provider))].sort()).toEqual(Object.keys(EARLY).sort());
  });

  it('has `@Extension` for the port when it implements a port of libs/health', () => {
    const ports = parse('ports.ts', readFileSync(join(ROOT, 'libs/health/src/ports.ts'), 'utf8'))
      .statements.filter(ts.isClassDeclaration)
      .map(nameOf);
    const implementations = sources.flatMap(providersIn).filter((provider) => ports.includes(baseOf(provider) ?? ''));
    expect(implementations.length).toBeGreaterThanOrEqual(ports.length);
    expect(implementations.filter((provider) => !decoratorsOf(provider).includes(`Extension(${baseOf(provider)})`)).map(nameOf)).toEqual(
      [],
    );
  });

  it('declares fixed periods by `@Interval` in a library with `@nestjs/schedule`', () => {
    const scheduled = new Set(
      sources.filter(({ text }) => text.includes("from '@nestjs/schedule'")).map(({ fileName }) => unitOf(fileName)),
    );
    const found = sources
      .filter(({ fileName }) => scheduled.has(unitOf(fileName)))
      .flatMap(providersIn)
      .flatMap((provider) => fixedIntervalsOf(provider).map((call) => `${nameOf(provider)}: ${call}`));
    expect(found).toEqual([]);
  });
});

describe('the search for timers and listeners', () => {
  const provider = (members: string) => providersIn(parse('a.ts', `@Injectable() export class A { ${members} }`))[0] as ts.ClassDeclaration;

  it.each([
    'constructor(links: Links) { links.onClosed(() => {}); }',
    'constructor(readiness: Readiness) { readiness.add("a", () => null); }',
    'constructor(client: Client) { if (client.isOpen) client.on("ready", () => {}); }',
    'private timer = setInterval(() => {}, 5);',
    'constructor() { this.start(); } private start() { void this.listen(); } private listen() { pubSub.subscribe("a"); }',
  ])('finds the timer or listener that starts during the construction of the provider: %s', (members) => {
    expect(startsOf(provider(members))).toHaveLength(1);
  });

  it.each([
    'constructor(links: Links) { this.peers = links.all().filter(({ id }) => id !== 1); }',
    'onModuleInit() { this.links.onClosed(() => {}); }',
    'private later = () => setTimeout(() => {}, 5);',
    'constructor() { this.known.add("a"); }',
  ])('finds no timer or listener when none starts during the construction of the provider: %s', (members) => {
    expect(startsOf(provider(members))).toEqual([]);
  });

  it('finds a fixed period, but ignores a period from an option', () => {
    expect(fixedIntervalsOf(provider('onApplicationBootstrap() { setInterval(() => this.poll(), POLL_MS / 2); }'))).toHaveLength(1);
    expect(fixedIntervalsOf(provider('onApplicationBootstrap() { setInterval(() => this.poll(), this.options.pollMs); }'))).toEqual([]);
    expect(fixedIntervalsOf(provider('open() { setInterval(() => this.poll(), POLL_MS); }'))).toEqual([]);
  });
});

function providersIn(source: ts.SourceFile): ts.ClassDeclaration[] {
  return source.statements
    .filter(ts.isClassDeclaration)
    .filter((declaration) =>
      (ts.getDecorators(declaration) ?? []).some((decorator) => PROVIDER_DECORATORS.includes(decoratorName(decorator))),
    );
}

function decoratorsOf(provider: ts.ClassDeclaration): string[] {
  return (ts.getDecorators(provider) ?? []).map(({ expression }) => expression.getText());
}

function baseOf(provider: ts.ClassDeclaration): string | undefined {
  return provider.heritageClauses?.find(({ token }) => token === ts.SyntaxKind.ExtendsKeyword)?.types[0]?.expression.getText();
}

function decoratorName({ expression }: ts.Decorator): string {
  return (ts.isCallExpression(expression) ? expression.expression : expression).getText();
}

function nameOf(provider: ts.ClassDeclaration): string {
  return provider.name?.text ?? '';
}

/**
 * Returns the calls that start something while an instance is constructed: in the constructor, in property initializers, and in own methods
 * that these call.
 */
function startsOf(provider: ts.ClassDeclaration): string[] {
  const found: string[] = [];
  const visited = new Set<ts.Node>();
  const visit = (node: ts.Node): void => {
    if (visited.has(node)) return;
    visited.add(node);
    // Skips functions that the constructor only creates, because they run later.
    if (ts.isFunctionLike(node) && !ts.isConstructorDeclaration(node) && !ts.isMethodDeclaration(node)) return;
    if (ts.isCallExpression(node)) {
      if (isStart(node)) found.push(node.expression.getText());
      const method = ownMethodOf(provider, node);
      if (method) visit(method);
    }
    ts.forEachChild(node, visit);
  };
  for (const member of provider.members) {
    if (ts.isConstructorDeclaration(member)) visit(member);
    if (ts.isPropertyDeclaration(member) && member.initializer) visit(member.initializer);
  }
  return found;
}

function isStart({ expression, arguments: args }: ts.CallExpression): boolean {
  if (ts.isIdentifier(expression)) return /^set(Interval|Timeout|Immediate)$/.test(expression.text);
  if (!ts.isPropertyAccessExpression(expression)) return false;
  const name = expression.name.text;
  if (name === 'add') return args.some((argument) => ts.isArrowFunction(argument) || ts.isFunctionExpression(argument));
  return /^(on|once|addListener|subscribe)$|^(on|before)[A-Z]/.test(name);
}

function ownMethodOf(provider: ts.ClassDeclaration, { expression }: ts.CallExpression): ts.MethodDeclaration | undefined {
  if (!ts.isPropertyAccessExpression(expression) || expression.expression.kind !== ts.SyntaxKind.ThisKeyword) return undefined;
  return provider.members.filter(ts.isMethodDeclaration).find((method) => method.name.getText() === expression.name.text);
}

function fixedIntervalsOf(provider: ts.ClassDeclaration): string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (
      ts.isCallExpression(node) &&
      node.expression.getText() === 'setInterval' &&
      !/\bthis\./.test(node.arguments[1]?.getText() ?? 'this.')
    )
      found.push(node.getText());
    ts.forEachChild(node, visit);
  };
  for (const method of provider.members.filter(ts.isMethodDeclaration)) if (HOOKS.includes(method.name.getText())) visit(method);
  return found;
}

function parse(path: string, text: string): ts.SourceFile {
  return ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
}

function unitOf(path: string): string {
  return path.split('/', 2).join('/');
}

function sourcesUnder(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.ts$/.test(entry.name) && !/\.(spec|fixture|d)\.ts$/.test(entry.name))
    .map((entry) =>
      relative(ROOT, join(entry.parentPath ?? entry.path, entry.name))
        .split(sep)
        .join('/'),
    );
}
