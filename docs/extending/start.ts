import { startLobby } from '#libs/server-kit';
import { HouseModule } from './house.module.js';

await startLobby({ extensions: [HouseModule] });
