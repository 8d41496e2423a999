import { startLobby } from '@holdfast/server';
import { HouseModule } from './house.module.js';

await startLobby({ extensions: [HouseModule] });
