import { startGateway } from '@holdfast/server';

await startGateway({ pages: './dist/page' });
