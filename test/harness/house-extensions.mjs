// Extensions for tests: an authenticator for tokens such as `name:ada`, and a moderator. A server loads them with the setting EXTENSIONS.
import { ChatModerator } from '#libs/chat';
import { Extension } from '#libs/extension';
import { HoldfastError } from '#libs/protocol';
import { Authenticator } from '#libs/session';
import { Injectable, Module } from './nest.mjs';

export class NameAuthenticator extends Authenticator {
  /** @param {import('#libs/session').LoginProof} proof */
  async authenticate({ token }) {
    const [, name] = /^name:(\w+)$/.exec(token ?? '') ?? [];
    if (name === undefined) throw new HoldfastError('unauthorized', 'The token must be name:NAME.');
    return { user: /** @type {import('#libs/protocol').UserId} */ (`user-${name}`), name };
  }
}
Injectable()(NameAuthenticator);
Extension(Authenticator)(NameAuthenticator);

class PoliteModerator extends ChatModerator {
  /** @param {import('#libs/chat').ReviewedMessage} message */
  review({ text }) {
    return text.includes('rude') ? { refuse: 'Be kind.' } : { text: text.toUpperCase() };
  }
}
Injectable()(PoliteModerator);
Extension(ChatModerator)(PoliteModerator);

export default class HouseModule {}
Module({ providers: [NameAuthenticator, PoliteModerator] })(HouseModule);
