import type { ReactNode, Ref } from 'react';

interface TableAreaProps {
  readonly label: string;
  /** The area has a height of its own, because its table renders only the rows that are visible. */
  readonly isVirtual?: boolean;
  readonly ref?: Ref<HTMLDivElement>;
  readonly children: ReactNode;
}

/** The area in which a table scrolls. Operators without a mouse focus it to scroll, because many tables contain no link and no button. */
export function TableArea({ label, isVirtual = false, ref, children }: TableAreaProps) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: the arrow keys scroll only an element that can have the focus
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for the fields of a form
    <div role="group" className={isVirtual ? 'table-area virtual' : 'table-area'} ref={ref} tabIndex={0} aria-label={label}>
      {children}
    </div>
  );
}
