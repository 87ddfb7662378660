// A table that stays readable at 320 px: there each row becomes a card whose cells carry their column's name.
import type { ComponentChildren } from "preact";
import { t } from "../i18n";

export interface Column<Row> {
  name: string;
  cell: (row: Row) => ComponentChildren;
  /** Numbers stand at the right, one below the other. */
  number?: boolean;
  /** The cell that names the row. */
  head?: boolean;
}

export function DataTable<Row>({
  caption,
  columns,
  rows,
  rowKey,
  captionHidden,
  empty,
  current,
}: {
  caption: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  rowKey: (row: Row) => string;
  captionHidden?: boolean;
  empty?: ComponentChildren;
  /** The row that is marked, as in a queue. */
  current?: (row: Row) => boolean;
}) {
  if (rows.length === 0) return <p class="empty">{empty ?? t("table.empty")}</p>;
  return (
    <table class="cards">
      <caption class={captionHidden ? "hidden" : undefined}>{caption}</caption>
      <thead>
        <tr>
          {columns.map((column) => (
            <th key={column.name} scope="col" class={column.number ? "number" : undefined}>
              {column.name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={rowKey(row)} aria-current={current?.(row) ? "true" : undefined}>
            {columns.map((column) =>
              column.head ? (
                <th key={column.name} scope="row">
                  {column.cell(row)}
                </th>
              ) : (
                <td key={column.name} class={column.number ? "number" : undefined} data-name={column.name}>
                  {column.cell(row)}
                </td>
              ),
            )}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
