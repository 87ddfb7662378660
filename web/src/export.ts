// What is on screen as a file: CSV that spreadsheets open with Vietnamese letters, or XLSX, whose writer is loaded when it
// is first wanted. It exports what it is given and reads nothing.

export type CellValue = string | number | null;

export interface Sheet {
  /** Of the file, without its ending; also names the sheet. */
  name: string;
  columns: readonly string[];
  rows: readonly (readonly CellValue[])[];
}

// Where a cell begins, a spreadsheet runs such a text as a formula, in full-width signs too. A cell begins at the text's
// own start and, where lists are separated by semicolons or tabs, after each of them: quotes do not count there.
const FORMULA = /(^|[;\t\r\n])(\s*)([=+\-@＝＋－＠﹢﹣﹦﹫−])/g;
const OPENING_CONTROL = /^[\t\r\n]/;

/** RFC 4180, with a mark of UTF-8 before it. */
export function toCsv(sheet: Sheet): string {
  const lines = [sheet.columns, ...sheet.rows].map((row) => row.map(csvCell).join(","));
  return `\uFEFF${lines.join("\r\n")}\r\n`;
}

function csvCell(value: CellValue): string {
  if (value === null) return "";
  if (typeof value === "number") return String(value);
  const disarmed = value.replace(FORMULA, "$1$2'$3");
  const text = OPENING_CONTROL.test(disarmed) ? `'${disarmed}` : disarmed;
  return /[",;\t\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export function saveCsv(sheet: Sheet): void {
  save(new Blob([toCsv(sheet)], { type: "text/csv;charset=utf-8" }), `${sheet.name}.csv`);
}

export async function saveXlsx(sheet: Sheet): Promise<void> {
  const { default: write } = await import("write-excel-file/browser");
  const head = sheet.columns.map((name) => ({ value: name, fontWeight: "bold" as const }));
  const body = sheet.rows.map((row) => row.map((value) => (value === null ? null : { value })));
  const columns = sheet.columns.map((name, index) => ({
    width: Math.min(
      60,
      Math.max(name.length, ...sheet.rows.map((row) => String(row[index] ?? "").length)) + 2,
    ),
  }));
  const file = write([head, ...body], { columns, stickyRowsCount: 1 });
  save(await file.toBlob(), `${sheet.name}.xlsx`);
}

function save(blob: Blob, name: string): void {
  const address = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  // Given up only after the browser has begun to read it.
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
