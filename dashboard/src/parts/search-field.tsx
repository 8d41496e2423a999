import { TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { useEffect, useState } from 'react';

const TYPING_MS = 250;

interface SearchFieldProps {
  readonly label: string;
  readonly placeholder: string;
  readonly value: string | undefined;
  readonly onChange: (value: string) => void;
}

/** A text field that reports its text when the typing pauses. */
export function SearchField({ label, placeholder, value = '', onChange }: SearchFieldProps) {
  const [text, setText] = useState(value);
  const [reported, setReported] = useState(value);
  const report = useDebouncedCallback((next: string) => {
    setReported(next);
    onChange(next);
  }, TYPING_MS);
  // The address changed from elsewhere: a step back in the history, or a link.
  useEffect(() => {
    if (value !== reported) {
      setText(value);
      setReported(value);
    }
  }, [value, reported]);
  return (
    <TextInput
      type="search"
      label={label}
      placeholder={placeholder}
      value={text}
      onChange={({ currentTarget }) => {
        setText(currentTarget.value);
        report(currentTarget.value);
      }}
    />
  );
}
