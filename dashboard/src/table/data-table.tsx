import {
  type ColumnDef,
  createSortedRowModel,
  metaHelper,
  rowSortingFeature,
  sortFn_basic,
  tableFeatures,
  useTable,
} from '@tanstack/react-table';
import { useVirtualizer } from '@tanstack/react-virtual';
import { type ReactNode, useMemo, useRef } from 'react';
import type { Column, Sorting } from './column.js';
import { HeaderCell } from './header-cell.js';
import { TableArea } from './table-area.js';
import { ROW_PX, TableRows } from './table-rows.js';
import { useColumnWidths } from './use-column-widths.js';
import { useKeptFocus } from './use-kept-focus.js';

/** A shorter table is rendered as a whole, so that the browser's own search finds all of it. */
const VIRTUAL_FROM = 60;
/** Rows are rendered and removed in chunks of this size. A layout of the table costs more than a row, so one frame renders several rows. */
const CHUNK_ROWS = 8;
/** Minimum number of rows that are rendered beyond each end of the visible rows. */
const MARGIN_ROWS = 3;

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
  });
  const { first, last } = isVirtual ? chunksOf(virtualizer.calculateRange(), sorted.length) : { first: 0, last: sorted.length - 1 };
  const widths = useColumnWidths(area, isVirtual, columns.map(({ id }) => id).join());
  if (rows.length === 0 && empty !== undefined) return empty;
  return (
    <TableArea label={label} isVirtual={isVirtual} ref={area}>
      <table className="data" aria-label={label} aria-rowcount={sorted.length + 1}>
        {widths.length > 0 && (
          <colgroup>
            {widths.map((width, index) => (
              <col key={index} style={{ width }} />
            ))}
          </colgroup>
        )}
        <thead>
          <tr>
            {columns.map((column) => (
              <HeaderCell key={column.id} column={column} sorting={sorting} onSort={onSort} />
            ))}
          </tr>
        </thead>
        <tbody onFocus={onFocus} onBlur={onBlur}>
          <TableRows
            rows={sorted}
            first={first}
            last={last}
            focused={focusedIndex}
            columns={columns}
            selected={selected}
            classOf={classOf}
          />
        </tbody>
      </table>
    </TableArea>
  );
}

/** Returns the first and the last row of the chunks that contain the visible rows and the margin. */
function chunksOf(visible: { readonly startIndex: number; readonly endIndex: number } | null, count: number) {
  if (!visible) return { first: 0, last: -1 };
  const first = Math.floor((visible.startIndex - MARGIN_ROWS) / CHUNK_ROWS) * CHUNK_ROWS;
  const end = Math.ceil((visible.endIndex + 1 + MARGIN_ROWS) / CHUNK_ROWS) * CHUNK_ROWS;
  return { first: Math.max(0, first), last: Math.min(count, end) - 1 };
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
