import {
  type ColumnDef,
  createSortedRowModel,
  metaHelper,
  rowSortingFeature,
  sortFn_basic,
  tableFeatures,
  useTable,
} from '@tanstack/react-table';
import { defaultRangeExtractor, useVirtualizer } from '@tanstack/react-virtual';
import { type ReactNode, useMemo, useRef } from 'react';
import type { Column, Sorting } from './column.js';
import { HeaderCell } from './header-cell.js';
import { TableArea } from './table-area.js';
import { TableRow } from './table-row.js';
import { useKeptFocus } from './use-kept-focus.js';

const ROW_PX = 37;
/** A shorter table is rendered as a whole, so that the browser's own search finds all of it. */
const VIRTUAL_FROM = 60;

const features = tableFeatures({
  rowSortingFeature,
  sortedRowModel: createSortedRowModel(),
  sortFns: { basic: sortFn_basic },
  columnMeta: metaHelper<{ column: unknown }>(),
});

interface DataTableProps<Row> {
  /** The name of the table for screen readers. */
  readonly label: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string;
  readonly sorting?: Sorting;
  readonly onSort?: (sorting: Sorting) => void;
  /** The rows come in the requested order from the gateway. */
  readonly isSorted?: boolean;
  /** Shown instead of the table when it has no rows. */
  readonly empty?: ReactNode;
  /** Keys of selected rows. */
  readonly selected?: ReadonlySet<string>;
  readonly classOf?: (row: Row) => string | undefined;
}

/** A table that sorts, renders only the rows on the screen, and keeps the focus and the scroll position when its rows change. */
export function DataTable<Row extends object>(props: DataTableProps<Row>) {
  const { label, columns, rows, keyOf, sorting, onSort, isSorted = false, empty, selected, classOf } = props;
  const area = useRef<HTMLDivElement>(null);
  const { onFocus, onBlur, focusedRow } = useKeptFocus(area);
  const definitions = useMemo(() => columns.map(definitionOf<Row>), [columns]);
  const table = useTable({
    features,
    columns: definitions,
    data: rows as Row[],
    getRowId: keyOf,
    manualSorting: isSorted,
    state: { sorting: sorting ? [{ id: sorting.column, desc: sorting.isDescending }] : [] },
  });
  const sorted = table.getRowModel().rows;
  const isVirtual = sorted.length > VIRTUAL_FROM;
  const focusedIndex = focusedRow === null ? -1 : sorted.findIndex(({ id }) => id === focusedRow);
  const virtualizer = useVirtualizer({
    count: sorted.length,
    enabled: isVirtual,
    getScrollElement: () => area.current,
    estimateSize: () => ROW_PX,
    getItemKey: (index) => (sorted[index] as { id: string }).id,
    overscan: 6,
    rangeExtractor: (range) => {
      const shown = defaultRangeExtractor(range);
      return focusedIndex < 0 || shown.includes(focusedIndex) ? shown : [...shown, focusedIndex].sort((one, other) => one - other);
    },
  });
  if (rows.length === 0 && empty !== undefined) return empty;
  const items = isVirtual
    ? virtualizer.getVirtualItems()
    : sorted.map((_, index) => ({ index, start: index * ROW_PX, end: (index + 1) * ROW_PX }));
  let end = 0;
  const total = isVirtual ? virtualizer.getTotalSize() : 0;
  return (
    <TableArea label={label} isVirtual={isVirtual} ref={area}>
      <table className="data" aria-label={label} aria-rowcount={sorted.length + 1}>
        <thead>
          <tr>
            {columns.map((column) => (
              <HeaderCell key={column.id} column={column} sorting={sorting} onSort={onSort} />
            ))}
          </tr>
        </thead>
        <tbody onFocus={onFocus} onBlur={onBlur}>
          {items.map(({ index, start, end: itemEnd }) => {
            const row = sorted[index];
            if (!row) return null;
            const gap = isVirtual ? start - end : 0;
            end = itemEnd;
            return [
              gap > 0 && <Gap key={`gap ${row.id}`} height={gap} columns={columns.length} />,
              <TableRow
                key={row.id}
                row={row.original}
                rowKey={row.id}
                index={index}
                columns={columns}
                isSelected={selected?.has(row.id)}
                className={classOf?.(row.original)}
              />,
            ];
          })}
          {isVirtual && total > end && <Gap height={total - end} columns={columns.length} />}
        </tbody>
      </table>
    </TableArea>
  );
}

/** An empty row with the height of rows that are not rendered. */
function Gap({ height, columns }: { readonly height: number; readonly columns: number }) {
  return (
    // biome-ignore lint/a11y/noAriaHiddenOnFocusable: biome takes every row for focusable, but this row contains no control
    <tr aria-hidden="true" className="gap">
      <td colSpan={columns} style={{ height }} />
    </tr>
  );
}

function definitionOf<Row extends object>({ id, sort }: Column<Row>): ColumnDef<typeof features, Row> {
  return {
    id,
    accessorFn: (row: Row) => (typeof sort === 'function' ? (sort(row) ?? undefined) : undefined),
    enableSorting: sort !== undefined,
    sortFn: 'basic',
    sortUndefined: 'last',
  } as ColumnDef<typeof features, Row>;
}
