import { parseRedisUrl, redacted } from './redis-url.js';

describe('parseRedisUrl', () => {
  it.each([
    ['redis://store:6379', { kind: 'single', url: 'redis://store:6379', isTls: false, login: {} }],
    ['rediss://store', { kind: 'single', url: 'redis://store', isTls: true, login: {} }],
    ['redis://[::1]:7000/3?family=6', { kind: 'single', url: 'redis://[::1]:7000/3?family=6', isTls: false, login: {} }],
    [
      'rediss://hold%40fast:p%2Cq%2Fr%25@store:6380/2',
      { kind: 'single', url: 'redis://store:6380/2', isTls: true, login: { user: 'hold@fast', password: 'p,q/r%' } },
    ],
    ['redis://:word@store', { kind: 'single', url: 'redis://store', isTls: false, login: { password: 'word' } }],
    [
      'redis://a:1, b:2,redis://[::1]',
      {
        kind: 'cluster',
        nodes: [
          { host: 'a', port: 1 },
          { host: 'b', port: 2 },
          { host: '::1', port: 6379 },
        ],
        isTls: false,
        login: {},
      },
    ],
    [
      'rediss://u:w@a:1,b:2',
      {
        kind: 'cluster',
        nodes: [
          { host: 'a', port: 1 },
          { host: 'b', port: 2 },
        ],
        isTls: true,
        login: { user: 'u', password: 'w' },
      },
    ],
    [
      'sentinel://u:w:x%40@a:26379,[::1]:2/main',
      {
        kind: 'sentinel',
        sentinels: [
          { host: 'a', port: 26379 },
          { host: '::1', port: 2 },
        ],
        name: 'main',
        isTls: false,
        login: { user: 'u', password: 'w:x@' },
      },
    ],
  ])('reads %s', (url, target) => {
    expect(parseRedisUrl(url)).toEqual(target);
  });

  it.each([
    ['localhost', /allowed: redis:\/\/HOST:PORT/],
    ['http://me:hunter2@store', /allowed/],
    ['redis://a:1,http://b:2', /allowed/],
    ['sentinel://me:hunter2@a/main', /allowed/],
    ['sentinel://a:1', /allowed/],
    ['redis://a:1,rediss://b:2', /use redis:\/\/ for all nodes of a Cluster, or rediss:\/\/ for all/],
    ['redis://me:hunter2@a:1,redis://you:hunter2@b:2', /all nodes of a Cluster have the same user and password/],
    ['redis://me:12/hunter2@store', /a \/, \? or # in its user or password must be written as %2F, %3F or %23$/],
    ['redis://:12/hunter2@store', /must be written as %2F/],
    ['redis://me:hunter2/x@store', /must be written as %2F/],
    ['rediss://me:12?hunter2@store:1/2', /must be written as %2F/],
    ['redis://me:12#hunter2@store', /must be written as %2F/],
    ['redis://me:12/hunter2@a:1,b:2', /must be written as %2F/],
    ['sentinel://me:12/hunter2@a:1/main', /must be written as %2F/],
    ['sentinel://me:12/34/hunter2@a:1/main', /must be written as %2F/],
    ['redis://me:hunter2%@store', /a % in its user or password must be written as %25/],
  ])('refuses %s, and does not show the password in the message', (url, sentence) => {
    let message = '';
    try {
      parseRedisUrl(url);
    } catch (error) {
      message = (error as Error).message;
    }
    expect(message).toMatch(/^REDIS_URL is "/);
    expect(message).toMatch(sentence);
    expect(message).not.toContain('hunter2');
  });

  it.each(['redis://store:1/3?family=6', 'redis://store?note=a@b', 'redis://me:a%2F1%40@store/0'])('accepts %s', (url) => {
    expect(parseRedisUrl(url)).toMatchObject({ kind: 'single' });
  });

  it('accepts several nodes when all of them have the same credentials', () => {
    expect(parseRedisUrl('redis://u:w@a:1,redis://u:w@b:2')).toMatchObject({ kind: 'cluster', login: { user: 'u', password: 'w' } });
  });
});

describe('redacted', () => {
  it('removes the credentials from every address', () => {
    expect(redacted('redis://u:w@a:1,redis://u:w@b:2')).toBe('redis://***@a:1,redis://***@b:2');
    expect(redacted('sentinel://u:w@a:1,b:2/main')).toBe('sentinel://***@a:1,b:2/main');
  });

  it('removes a password that contains a slash, an at sign or a space', () => {
    for (const password of ['ab/cd', 'a@b', 'a b', '/@/', 'a//b', 'a:b@c/d']) {
      expect(redacted(`redis://u:${password}@host:1/0`)).toBe('redis://***@host:1/0');
      expect(redacted(`sentinel://:${password}@a:1,b:2/main`)).toBe('sentinel://***@a:1,b:2/main');
    }
  });
});
