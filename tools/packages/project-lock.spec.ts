import { projectLock } from './project-lock.mjs';

const LOCKED = {
  '': { dependencies: { nest: '1.0.0' } },
  'node_modules/nest': { version: '1.0.0', dev: true, dependencies: { router: '^2.0.0' }, peerDependencies: { rxjs: '^7.0.0' } },
  'node_modules/nest/node_modules/router': { version: '2.1.0', dependencies: { debug: '*' } },
  'node_modules/router': { version: '1.0.0' },
  'node_modules/rxjs': { version: '7.8.2', peerDependencies: { cache: '*' }, peerDependenciesMeta: { cache: { optional: true } } },
  'node_modules/debug': { version: '4.4.0' },
  'node_modules/cache': { version: '1.0.0' },
  'node_modules/jest': { version: '30.0.0' },
};
const SERVER = { name: '@holdfast/server', version: '0.1.0', peerDependencies: { nest: '^1.0.0' } };
const PROJECT = { name: 'project', version: '1.0.0', dependencies: { '@holdfast/server': 'file:../server.tgz' } };

describe('the package-lock.json of a project', () => {
  const { packages } = projectLock(LOCKED, PROJECT, { '@holdfast/server': SERVER });

  it('contains the packed package and its dependencies where Node finds them', () => {
    expect(packages['node_modules/@holdfast/server']).toMatchObject({ version: '0.1.0', resolved: 'file:../server.tgz' });
    expect(Object.keys(packages).sort()).toEqual([
      '',
      'node_modules/@holdfast/server',
      'node_modules/debug',
      'node_modules/nest',
      'node_modules/nest/node_modules/router',
      'node_modules/rxjs',
    ]);
  });

  it('marks no package as a development dependency, because npm would omit the package', () => {
    expect(packages['node_modules/nest']).not.toHaveProperty('dev');
  });
});
