import 'reflect-metadata';
import { runServer } from '#libs/server';
import { LobbyServerModule } from './lobby-server.module.js';

await runServer({ type: 'lobby', module: (settings) => LobbyServerModule.forRoot(settings) });
