import { NativeSelect } from '@mantine/core';

export interface Choice {
  readonly value: string;
  readonly label: string;
}

/** The choice that filters nothing. */
export const ANY: Choice = { value: '', label: 'Any' };

interface SelectFieldProps {
  readonly label: string;
  /** The value of the default choice is an empty text. */
  readonly choices: readonly Choice[];
  readonly value: string | undefined;
  readonly onChange: (value: string) => void;
}

/** A field that offers a few values of a filter. */
export function SelectField({ label, choices, value = '', onChange }: SelectFieldProps) {
  return <NativeSelect label={label} data={choices} value={value} onChange={({ currentTarget }) => onChange(currentTarget.value)} />;
}
