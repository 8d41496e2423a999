import { memo } from 'react';
import { type Column, cellClass } from './column.js';

interface TableRowProps<Row> {
  readonly row: Row;
  readonly rowKey: string;
  /** Position in the whole table, from 0. */
  readonly index: number;
  readonly columns: readonly Column<Row>[];
  readonly isSelected: boolean | undefined;
  readonly className: string | undefined;
}

/** One row. It renders again only when its facts change, and not while the table scrolls. */
export const TableRow = memo(function TableRow<Row>({ row, rowKey, index, columns, isSelected, className }: TableRowProps<Row>) {
  return (
    <tr data-key={rowKey} aria-rowindex={index + 2} aria-selected={isSelected} className={className}>
      {columns.map((column) => (
        <td key={column.id} className={cellClass(column)}>
          {column.cell(row)}
        </td>
      ))}
    </tr>
  );
}) as <Row>(props: TableRowProps<Row>) => React.JSX.Element;
