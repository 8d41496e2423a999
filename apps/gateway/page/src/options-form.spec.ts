import { formName, optionFields, optionsText, readOptions } from './options-form.js';

const SCHEMA = {
  type: 'object',
  properties: {
    map: { type: 'string', enum: ['forest', 'desert'], default: 'desert' },
    minutes: { type: 'integer', minimum: 1, maximum: 60 },
    isRated: { type: 'boolean', default: true, title: 'Rated' },
    motto: { type: 'string', maxLength: 20 },
    speed: { anyOf: [{ const: 1 }, { const: 2 }] },
    clock: { type: 'object', properties: {} },
  },
  required: ['minutes', 'speed'],
};

function formOf(entries: Readonly<Record<string, string>>): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries(entries)) form.set(name, value);
  return form;
}

describe('the fields for the options of a game', () => {
  it("have the kinds, labels, limits and defaults of the game's JSON Schema", () => {
    expect(optionFields(SCHEMA)).toEqual([
      { kind: 'choice', name: 'map', label: 'Map', choices: ['forest', 'desert'], value: 'desert' },
      { kind: 'number', name: 'minutes', label: 'Minutes', isWhole: true, min: 1, max: 60, isRequired: true },
      { kind: 'check', name: 'isRated', label: 'Rated', value: true },
      { kind: 'text', name: 'motto', label: 'Motto', lengthMax: 20, isRequired: false },
      { kind: 'choice', name: 'speed', label: 'Speed', choices: [1, 2], value: 1 },
    ]);
  });

  it('show the current options of the room', () => {
    const fields = optionFields(SCHEMA, { map: 'forest', minutes: 5, isRated: false, speed: 2 });
    expect(fields.map(({ name, value }) => [name, value])).toEqual([
      ['map', 'forest'],
      ['minutes', 5],
      ['isRated', false],
      ['motto', undefined],
      ['speed', 2],
    ]);
  });

  it.each([undefined, {}, { properties: 5 }, { properties: { a: null, b: { type: 'array' } } }])(
    'are missing when the form cannot show the schema %j',
    (schema) => {
      expect(optionFields(schema)).toEqual([]);
    },
  );

  it('have no limits for a number that may be any safe integer', () => {
    const whole = { type: 'integer', minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER };
    expect(optionFields({ properties: { seed: whole } })).toEqual([
      { kind: 'number', name: 'seed', label: 'Seed', isWhole: true, isRequired: false },
    ]);
  });
});

describe('the options that a form returns', () => {
  const fields = optionFields(SCHEMA);

  it('have the types of the schema, and contain no value for an empty field', () => {
    const form = formOf({ 'option-map': '0', 'option-minutes': '5', 'option-isRated': 'on', 'option-motto': '', 'option-speed': '1' });
    expect(readOptions(fields, form)).toEqual({ map: 'forest', minutes: 5, isRated: true, speed: 2 });
  });

  it('contain false for an unchecked box', () => {
    expect(readOptions(fields, formOf({}))).toEqual({ isRated: false });
  });

  it('are read from fields whose names differ from the names of all other fields of the form', () => {
    expect(fields.map(formName)).not.toContain('name');
  });
});

describe('the text about the options of a room', () => {
  it('names each option by its title in the schema', () => {
    expect(optionsText(SCHEMA, { map: 'forest', isRated: true, turnSeconds: 9, clock: {} })).toBe(
      'Map: forest · Rated: yes · Turn seconds: 9',
    );
  });
});
