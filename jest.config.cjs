const swc = [
  '@swc/jest',
  {
    swcrc: false,
    isModule: 'unknown',
    jsc: {
      target: 'es2022',
      parser: { syntax: 'typescript', decorators: true },
      transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
      keepClassNames: true,
    },
    module: { type: 'commonjs' },
    sourceMaps: 'inline',
  },
];

/** The examples of docs/ import the packages by their names. Here these are the sources, as for tsc. */
const packageSources = Object.fromEntries(
  Object.entries(require('./tsconfig.json').compilerOptions.paths).map(([name, [source]]) => [
    `^${name.replace('*', '([^/]+)')}$`,
    source.replace('./', '<rootDir>/').replace('*', '$1'),
  ]),
);

const common = {
  testEnvironment: 'node',
  testEnvironmentOptions: { customExportConditions: ['holdfast-source', 'node', 'node-addons'] },
  modulePathIgnorePatterns: ['<rootDir>/dist', '<rootDir>/.holdfast'],
  moduleNameMapper: packageSources,
  resolver: '<rootDir>/tools/jest/resolver.cjs',
  setupFiles: ['reflect-metadata', '<rootDir>/tools/jest/own-redis.cjs'],
  transform: { '\\.m?[jt]s$': swc },
  transformIgnorePatterns: [],
};

/** `unit` stands beside the code and starts no Holdfast process; `integration` starts whole fleets from dist/. */
module.exports = {
  globalSetup: '<rootDir>/tools/jest/global-setup.mjs',
  globalTeardown: '<rootDir>/tools/jest/global-teardown.mjs',
  // A hang is found by it; what is slow where three others share two cores is none.
  testTimeout: 60_000,
  projects: [
    {
      ...common,
      displayName: 'unit',
      testMatch: ['<rootDir>/{apps,libs,games,packages,docs,tools,bench}/**/*.spec.ts'],
      // The templates of projects, and the project of the tutorial, have tests for another runner. `test/create.spec.ts` runs them.
      testPathIgnorePatterns: ['/node_modules/', '<rootDir>/packages/create-holdfast/templates/', '<rootDir>/docs/learn/project/'],
    },
    {
      ...common,
      displayName: 'integration',
      testMatch: ['<rootDir>/test/**/*.spec.ts'],
      testEnvironment: '<rootDir>/test/harness/environment.cjs',
      globalSetup: '<rootDir>/test/harness/build.mjs',
    },
  ],
};
