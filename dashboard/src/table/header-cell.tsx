import { type Column, cellClass, type Sorting } from './column.js';

interface HeaderCellProps<Row> {
  readonly column: Column<Row>;
  readonly sorting?: Sorting | undefined;
  readonly onSort?: ((sorting: Sorting) => void) | undefined;
}

/** The head of a column. A column that can sort has a button, which sorts by it or turns the order around. */
export function HeaderCell<Row>({ column, sorting, onSort }: HeaderCellProps<Row>) {
  const { id, title, sort, isNumber, hidesTitle } = column;
  const isCurrent = sorting?.column === id;
  const order = isCurrent ? (sorting.isDescending ? 'descending' : 'ascending') : undefined;
  if (!sort || !onSort)
    return (
      <th scope="col" className={cellClass(column)}>
        <span className={hidesTitle ? 'only-read' : undefined}>{title}</span>
      </th>
    );
  return (
    <th scope="col" className={cellClass(column)} aria-sort={order}>
      <button
        type="button"
        className="sort"
        onClick={() => onSort({ column: id, isDescending: isCurrent ? !sorting.isDescending : isNumber === true })}
      >
        {title}
        <span aria-hidden="true" className="arrow">
          {isCurrent ? (sorting.isDescending ? '↓' : '↑') : ''}
        </span>
      </button>
    </th>
  );
}
