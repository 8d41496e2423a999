import 'reflect-metadata';
import { runServer } from '#libs/server';
import { gameServer } from './game.server.js';

await runServer(gameServer);
