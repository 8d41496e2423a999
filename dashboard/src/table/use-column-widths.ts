import { type RefObject, useEffect, useLayoutEffect, useState } from 'react';

/**
 * Measures the columns of a table that renders only a part of its rows, so that the columns do not move while the table scrolls. A column
 * still grows for a row that needs more.
 *
 * @param layout a change of this value, or of the width of the area, makes the widths invalid
 * @returns the widths of the visible columns in pixels; empty: not measured
 */
export function useColumnWidths(area: RefObject<HTMLElement | null>, isVirtual: boolean, layout: string): readonly number[] {
  const [areaWidth, setAreaWidth] = useState(0);
  const [measured, setMeasured] = useState<{ readonly layout: string; readonly widths: readonly number[] } | null>(null);
  const current = `${layout} ${areaWidth}`;
  useEffect(() => {
    const element = area.current;
    if (!element || !isVirtual) return;
    const observer = new ResizeObserver(() => setAreaWidth(element.clientWidth));
    observer.observe(element);
    return () => observer.disconnect();
  }, [area, isVirtual]);
  const isMeasured = measured?.layout === current;
  useLayoutEffect(() => {
    if (!isVirtual || isMeasured || areaWidth === 0 || !area.current?.querySelector('tr[data-key]')) return;
    const heads = [...area.current.querySelectorAll('th')].map((head) => head.getBoundingClientRect().width);
    setMeasured({ layout: current, widths: heads.filter((width) => width > 0) });
  });
  return isVirtual && isMeasured ? measured.widths : [];
}
