import { element } from './element.ts';

export interface Column<Row> {
  readonly title: string;
  /** Right-aligned, with digits of equal width. */
  readonly isNumber?: boolean;
  /** Class of the cells. */
  readonly name?: string;
  readonly cell: (row: Row) => string | Node;
}

/** A table that becomes a list of cards on a phone. Repeats the ARIA roles, because the styles there remove them. */
export function table<Row>(label: string, columns: readonly Column<Row>[], rows: readonly Row[]): HTMLTableElement {
  const alignment = ({ isNumber = false, name }: Column<Row>): string | undefined => (isNumber ? 'number' : name);
  const head = columns.map((column) =>
    element('th', { scope: 'col', role: 'columnheader', ...classOf(alignment(column)) }, column.title),
  );
  const body = rows.map((row) =>
    element(
      'tr',
      { role: 'row' },
      ...columns.map((column, position) =>
        element(
          position === 0 ? 'th' : 'td',
          {
            ...(position === 0 ? { scope: 'row', role: 'rowheader' } : { role: 'cell' }),
            'data-label': column.title,
            ...classOf(alignment(column)),
          },
          column.cell(row),
        ),
      ),
    ),
  );
  return element(
    'table',
    { role: 'table', 'aria-label': label },
    element('thead', { role: 'rowgroup' }, element('tr', { role: 'row' }, ...head)),
    element('tbody', { role: 'rowgroup' }, ...body),
  );
}

function classOf(name: string | undefined): { readonly class?: string } {
  return name === undefined ? {} : { class: name };
}
