import { startLobby } from '@holdfast/server';

await startLobby();
