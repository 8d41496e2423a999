import { memo } from 'react';
import type { Column } from './column.js';
import { TableRow } from './table-row.js';

/** The height of a row in pixels. It must be the height that `styles/tables.css` sets. */
export const ROW_PX = 36;

interface TableRowsProps<Row> {
  /** All rows of the table. */
  readonly rows: readonly { readonly id: string; readonly original: Row }[];
  /** The first and the last row to render. */
  readonly first: number;
  readonly last: number;
  /** The row that has the keyboard focus stays rendered, also outside of the span. -1: no row has the focus. */
  readonly focused: number;
  readonly columns: readonly Column<Row>[];
  readonly selected: ReadonlySet<string> | undefined;
  readonly classOf: ((row: Row) => string | undefined) | undefined;
}

/** The rows of a table from `first` to `last`. Empty rows take the height of all others. It renders again only when the span changes. */
export const TableRows = memo(function TableRows<Row>({ rows, first, last, focused, columns, selected, classOf }: TableRowsProps<Row>) {
  const indexes = Array.from({ length: last - first + 1 }, (_, offset) => first + offset);
  if (focused >= 0 && focused < first) indexes.unshift(focused);
  if (focused > last) indexes.push(focused);
  const elements: React.JSX.Element[] = [];
  let next = 0;
  const skipTo = (index: number) => {
    if (index > next) elements.push(<Gap key={`gap before ${index}`} height={(index - next) * ROW_PX} columns={columns.length} />);
    next = index + 1;
  };
  for (const index of indexes) {
    skipTo(index);
    const { id, original } = rows[index] as (typeof rows)[number];
    elements.push(
      <TableRow
        key={`row ${id}`}
        row={original}
        rowKey={id}
        index={index}
        columns={columns}
        isSelected={selected?.has(id)}
        className={classOf?.(original)}
      />,
    );
  }
  skipTo(rows.length);
  return elements;
}) as <Row>(props: TableRowsProps<Row>) => React.JSX.Element;

/** An empty row with the height of rows that are not rendered. */
function Gap({ height, columns }: { readonly height: number; readonly columns: number }) {
  return (
    // biome-ignore lint/a11y/noAriaHiddenOnFocusable: biome takes every row for focusable, but this row contains no control
    <tr aria-hidden="true" className="gap">
      <td colSpan={columns} style={{ height }} />
    </tr>
  );
}
