import { REFERENCE } from './reference-entries.mjs';

/** @param {string} text @param {string} link */
const page = (text, link) => ({ text, link });

/** The pages in the recommended reading order. */
export const SIDEBAR = [
  {
    text: 'Learn',
    items: [
      page('1. Getting started', '/getting-started'),
      page('2. Your own rules', '/learn/own-rules'),
      page('3. A page, a lost server', '/learn/own-page'),
      page('4. Deploy', '/learn/deploy'),
      page('Start this repository', '/readme'),
      page('Glossary', '/glossary'),
    ],
  },
  {
    text: 'Guides',
    items: [
      page('Write a game', '/writing-a-game'),
      page('Hidden state and views', '/writing-a-game#views'),
      page('Bots', '/writing-a-game#bots'),
      page('Effects and wallets', '/writing-a-game#effects'),
      page('Tests of rules', '/writing-a-game#tests'),
      page('Real time', '/real-time'),
      page('Rooms and lobbies', '/rooms'),
      page('Chat', '/chat'),
      page('Sessions and login', '/sessions'),
      page('Matchmaking', '/matchmaking'),
      page('Ratings', '/matchmaking#ratings'),
      page('Placement and regions', '/placement'),
      page('Extensions', '/extending'),
      page('Service API', '/extending#services'),
      page('Packages', '/packages'),
      page('From Colyseus', '/from-colyseus'),
    ],
  },
  {
    text: 'Reference',
    items: [page('All entries', '/reference/'), ...REFERENCE.map(({ page: name, name: text }) => page(text, `/reference/${name}`))],
  },
  {
    text: 'Operations',
    items: [
      page('Deploying', '/deploying'),
      page('Runbook', '/operations'),
      page('Capacity', '/capacity'),
      page('Upgrading', '/upgrading'),
      page('Settings', '/settings'),
      page('Security', '/security'),
      page('Chaos tests', '/chaos'),
      page('Measurements', '/results'),
    ],
  },
  {
    text: 'Protocol',
    items: [
      page('Protocol', '/protocol'),
      page('State patches', '/state-patch'),
      page('Client for Python', '/clients/python'),
      page('Client for C#', '/clients/csharp'),
      page('Conformance', '/conformance'),
    ],
  },
  {
    text: 'Understand',
    items: [
      page('Architecture', '/architecture'),
      page('Decisions', '/adr/'),
      page('Field cases', '/field-cases'),
      page('Changelog', '/changelog'),
      page('Contributing', '/contributing'),
    ],
  },
];
