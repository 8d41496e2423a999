import { join } from 'node:path';
import { itQuotesItsFiles } from '../quotations.fixture.js';

/** The page quotes files that are compiled and tested here; this holds each quotation to its file. */
describe('docs/writing-a-game.md', () => itQuotesItsFiles('writing-a-game', join('games', 'rock-paper-scissors'), 7));
