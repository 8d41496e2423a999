import { itQuotesItsFiles } from '../quotations.fixture.js';

describe('docs/from-colyseus.md', () => itQuotesItsFiles('from-colyseus', 'games', 3));
