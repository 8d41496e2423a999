import type { ReactNode } from 'react';

export interface Column<Row> {
  readonly id: string;
  readonly title: string;
  readonly cell: (row: Row) => ReactNode;
  /** The value by which the column sorts. Absent: it cannot sort. A table that the gateway sorts only needs `true`. */
  readonly sort?: ((row: Row) => string | number | null) | true;
  /** Numbers are aligned at their right end. */
  readonly isNumber?: boolean;
  /** The narrowest screen that shows the column: a phone shows only columns without this. */
  readonly from?: 'tablet' | 'desktop' | 'wide';
  /** The column takes the rest of the width, and cuts its text. */
  readonly grows?: boolean;
  /** Only screen readers read the title. */
  readonly hidesTitle?: boolean;
}

export interface Sorting {
  readonly column: string;
  readonly isDescending: boolean;
}

/** Reads the sorting from an address: `rooms` or `-rooms`. */
export function sortingOf(text: string | undefined, fallback: Sorting): Sorting {
  if (!text) return fallback;
  return text.startsWith('-') ? { column: text.slice(1), isDescending: true } : { column: text, isDescending: false };
}

export function textOf({ column, isDescending }: Sorting): string {
  return isDescending ? `-${column}` : column;
}

export function cellClass<Row>({ isNumber, from, grows }: Column<Row>): string | undefined {
  return [isNumber && 'number', from && `from-${from}`, grows && 'grows'].filter(Boolean).join(' ') || undefined;
}
