import { itQuotesItsFiles } from '../quotations.fixture.js';

describe('docs/real-time.md', () => itQuotesItsFiles('real-time', 'games', 4));
