/** The values that `encode.mjs` and `decode.mjs` measure: a small sync, a state, and the data of a command. */
export const patches = [
  { op: 'replace', path: '/cells/4', value: 0 },
  { op: 'replace', path: '/turn', value: 1 },
];
export const events = [{ version: 9, name: 'placed', data: { seat: 0, cell: 4 } }];
const boats = Array.from({ length: 60 }, (_, index) => ({
  id: `boat-${index}`,
  x: index * 1.37,
  y: index * 2.11,
  heading: index / 7,
  owner: `Spieler ${index} – Ä`,
  alive: index % 3 === 0,
}));
export const boatsState = { boats, turn: 3, text: 'x'.repeat(300) };
export const steering = { x: 12.25, y: -3.5, fire: true, target: 'boat-17', keys: [1, 2, 3] };
