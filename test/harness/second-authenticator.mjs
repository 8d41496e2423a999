// A second authenticator. A server must not start with two authenticators.
import { Extension } from '#libs/extension';
import { Authenticator } from '#libs/session';
import { NameAuthenticator } from './house-extensions.mjs';
import { Injectable, Module } from './nest.mjs';

class SecondAuthenticator extends NameAuthenticator {}
Injectable()(SecondAuthenticator);
Extension(Authenticator)(SecondAuthenticator);

export default class SecondModule {}
Module({ providers: [SecondAuthenticator] })(SecondModule);
