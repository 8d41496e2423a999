export type OptionField =
  | {
      readonly kind: 'choice';
      readonly name: string;
      readonly label: string;
      readonly choices: readonly OptionValue[];
      readonly value?: OptionValue;
    }
  | { readonly kind: 'check'; readonly name: string; readonly label: string; readonly value: boolean }
  | {
      readonly kind: 'number';
      readonly name: string;
      readonly label: string;
      readonly isWhole: boolean;
      readonly min?: number;
      readonly max?: number;
      readonly value?: number;
      readonly isRequired: boolean;
    }
  | {
      readonly kind: 'text';
      readonly name: string;
      readonly label: string;
      readonly lengthMax?: number;
      readonly value?: string;
      readonly isRequired: boolean;
    };

export type OptionValue = string | number | boolean;
type Json = Readonly<Record<string, unknown>>;

/** Prefix for the names of option fields. Without it, an option could have the same name as another field of the form. */
const PREFIX = 'option-';

/**
 * Returns the fields for the options that a JSON Schema describes: one field for each top-level property that is a choice, a boolean, a
 * number or a text. Properties of other types have no field, so the game uses its defaults for them.
 *
 * @param values the options that the room has; they replace the defaults of the schema
 */
export function optionFields(schema: Json | undefined, values: Json = {}): OptionField[] {
  const required = new Set(Array.isArray(schema?.required) ? (schema.required as unknown[]) : []);
  return Object.entries(asObject(schema?.properties)).flatMap(([name, property]): OptionField[] => {
    const own = asObject(property);
    const label = typeof own.title === 'string' ? own.title : labelOf(name);
    const value = values[name] ?? own.default;
    const field = { name, label, isRequired: required.has(name) && own.default === undefined };
    const choices = choicesOf(own);
    if (choices.length > 0) {
      const { isRequired, ...rest } = field;
      const known = choices.find((choice) => choice === value) ?? (isRequired ? choices[0] : undefined);
      return [{ ...rest, kind: 'choice' as const, choices, ...(known !== undefined && { value: known }) }];
    }
    switch (own.type) {
      case 'boolean':
        return [{ kind: 'check' as const, name, label, value: value === true }];
      case 'integer':
      case 'number':
        return [
          {
            ...field,
            kind: 'number' as const,
            isWhole: own.type === 'integer',
            ...limitsOf(own),
            ...(typeof value === 'number' && { value }),
          },
        ];
      case 'string':
        return [
          {
            ...field,
            kind: 'text' as const,
            ...(typeof own.maxLength === 'number' && { lengthMax: own.maxLength }),
            ...(typeof value === 'string' && { value }),
          },
        ];
      default:
        return [];
    }
  });
}

/** Reads the options from a form. Omits each field without a value, so that the game uses its default. */
export function readOptions(fields: readonly OptionField[], form: FormData): Record<string, OptionValue> {
  const options: Record<string, OptionValue> = {};
  for (const field of fields) {
    const given = form.get(formName(field));
    if (field.kind === 'check') options[field.name] = given !== null;
    else if (given !== null && given !== '') options[field.name] = optionOf(field, String(given));
  }
  return options;
}

export function formName({ name }: Pick<OptionField, 'name'>): string {
  return `${PREFIX}${name}`;
}

/** Returns the chosen options as a text for players: `Map: forest · Minutes: 5`. */
export function optionsText(schema: Json | undefined, options: Json): string {
  const properties = asObject(schema?.properties);
  return Object.entries(options)
    .filter(([, value]) => ['string', 'number', 'boolean'].includes(typeof value))
    .map(([name, value]) => {
      const { title } = asObject(properties[name]);
      return `${typeof title === 'string' ? title : labelOf(name)}: ${optionText(value as OptionValue)}`;
    })
    .join(' · ');
}

export function optionText(value: OptionValue): string {
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return String(value);
}

function optionOf(field: Exclude<OptionField, { kind: 'check' }>, given: string): OptionValue {
  switch (field.kind) {
    case 'number':
      return Number(given);
    case 'choice':
      // The form field contains the index of the choice, because form fields contain only text and the value of a choice may be a number.
      return field.choices[Number(given)] ?? given;
    case 'text':
      return given;
  }
}

function choicesOf(property: Json): OptionValue[] {
  const { enum: values, anyOf, oneOf } = property;
  const constants = [anyOf, oneOf].flatMap((list) => (Array.isArray(list) ? list.map((one) => asObject(one).const) : []));
  const all = Array.isArray(values) ? values : constants;
  const usable = all.filter((value): value is OptionValue => ['string', 'number', 'boolean'].includes(typeof value));
  return usable.length === all.length ? usable : [];
}

function limitsOf({ minimum, maximum, exclusiveMinimum, type }: Json): { min?: number; max?: number } {
  const above = typeof exclusiveMinimum === 'number' && type === 'integer' ? exclusiveMinimum + 1 : undefined;
  const min = typeof minimum === 'number' ? minimum : above;
  // Schema libraries give every integer the limits of safe integers. The form does not show these two limits, because they mean nothing to
  // a player.
  return {
    ...(min !== undefined && min > Number.MIN_SAFE_INTEGER && { min }),
    ...(typeof maximum === 'number' && maximum < Number.MAX_SAFE_INTEGER && { max: maximum }),
  };
}

function asObject(value: unknown): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {};
}

/** Converts a name such as `turnSeconds` or `turn-seconds` to `Turn seconds`. */
function labelOf(name: string): string {
  const words = name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replaceAll(/[-_.]+/g, ' ')
    .toLowerCase();
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}`;
}
