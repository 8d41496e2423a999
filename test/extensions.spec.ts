import { join } from 'node:path';
import { openChat } from '#libs/client/chat';
import { connect } from '#libs/client/node';
import { ROOT } from '../tools/process/paths.mjs';
import { type Fleet, startFleet } from './harness/index.js';

const HOUSE = join(ROOT, 'test/harness/house-extensions.mjs');

describe('a fleet whose servers load extensions', () => {
  let fleet: Fleet;
  beforeAll(async () => {
    fleet = await startFleet({ env: { EXTENSIONS: HOUSE, AUTH: 'extension' } });
  }, 60_000);
  afterAll(() => fleet.stop());

  it('authenticates players with the authenticator of an extension', async () => {
    const url = fleet.gateways[0].publicUrl;
    const ada = await connect(url, { token: 'name:ada' });
    expect([ada.user, ada.name]).toEqual(['user-ada', 'ada']);
    ada.close();
    await expect(connect(url, { token: 'other' })).rejects.toMatchObject({ code: 'unauthorized', message: 'The token must be name:NAME.' });
  });

  it('changes and refuses chat messages as the moderator of an extension decides', async () => {
    const ada = await connect(fleet.gateways[0].publicUrl, { token: 'name:ada' });
    const chat = openChat(ada, { to: 'lobby', game: 'chess' });
    expect(await chat.send('hello')).toMatchObject({ text: 'HELLO', user: 'user-ada' });
    await expect(chat.send('rude')).rejects.toMatchObject({ code: 'chat-refused', message: 'Be kind.' });
    ada.close();
  });

  it.each([
    [
      'two authenticators',
      `${HOUSE},${join(ROOT, 'test/harness/second-authenticator.mjs')}`,
      'NameAuthenticator and SecondAuthenticator implement Authenticator',
    ],
    ['a file that does not exist', '/nowhere/module.js', 'EXTENSIONS names "/nowhere/module.js", which cannot be loaded'],
    ['a file without a module', join(ROOT, 'test/harness/nest.mjs'), 'it must export a Nest module as default'],
    ['no authenticator', '', 'AUTH is "extension", but no module of this server has a provider'],
  ])('starts no gateway with %s, and reports the reason', async (_, extensions, reason) => {
    await expect(fleet.start('gateway', 'wrong', { EXTENSIONS: extensions })).rejects.toThrow();
    expect(await fleet.logs()).toContain(reason);
  });
});
