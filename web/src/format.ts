// Numbers, money, days and times as Vietnamese readers write them, in both languages: 1.234.567 · dd/mm/yyyy · the
// time of Vietnam. Pure; the words around them are the catalogue's.

const grouped = new Intl.NumberFormat("vi-VN", { maximumFractionDigits: 0 });
// A double holds 15 digits: those of an integer beyond 2^53 that follow them would be made up.
const rounded = new Intl.NumberFormat("vi-VN", { maximumSignificantDigits: 15 });
const decimal = new Intl.NumberFormat("vi-VN", { maximumFractionDigits: 1 });
const ZONE = "Asia/Ho_Chi_Minh";
const parts = new Intl.DateTimeFormat("en-GB", {
  timeZone: ZONE,
  year: "numeric",
  month: "2-digit",
  day: "2-digit",
  hour: "2-digit",
  minute: "2-digit",
  hour12: false,
});

/** 1234567 → 1.234.567 */
export function number(value: number): string {
  return grouped.format(value);
}

/** 67.34 → 67,3 */
export function fraction(value: number): string {
  return decimal.format(value);
}

/** 232.3 → 232,3 % */
export function percent(value: number): string {
  return `${decimal.format(value)} %`;
}

/** Integer đồng: 16000000000 → 16.000.000.000 đ. A sum beyond 2^53 is rounded, and says so: ≈ 9.223.372.036.854.780.000 đ */
export function vnd(value: number): string {
  return Number.isSafeInteger(value) ? `${grouped.format(value)} đ` : `≈ ${rounded.format(value)} đ`;
}

/** A day of the API, 2022-05-31 → 31/05/2022. */
export function day(text: string): string {
  const [year, month, date] = text.slice(0, 10).split("-");
  return `${date}/${month}/${year}`;
}

/** A moment of the API in Vietnamese time: 31/05/2022 23:59. */
export function moment(text: string): string {
  const found = Object.fromEntries(
    parts.formatToParts(new Date(text)).map((part) => [part.type, part.value]),
  );
  const hour = found.hour === "24" ? "00" : found.hour;
  return `${found.day}/${found.month}/${found.year} ${hour}:${found.minute}`;
}

/** The day of a moment in Vietnam, as the API writes days: 2022-05-31. */
export function localDay(at: Date | string): string {
  const found = Object.fromEntries(parts.formatToParts(new Date(at)).map((part) => [part.type, part.value]));
  return `${found.year}-${found.month}-${found.day}`;
}

/** What was typed as a day, 31/5/2022 or 31-05-2022, as the API writes it; null when it is none. */
export function parseDay(typed: string): string | null {
  const found = /^\s*(\d{1,2})\s*[/.-]\s*(\d{1,2})\s*[/.-]\s*(\d{4})\s*$/.exec(typed);
  if (!found) return null;
  const [date, month, year] = [Number(found[1]), Number(found[2]), Number(found[3])];
  const real = new Date(Date.UTC(year, month - 1, date));
  if (real.getUTCMonth() !== month - 1 || real.getUTCDate() !== date) return null;
  return `${String(year).padStart(4, "0")}-${String(month).padStart(2, "0")}-${String(date).padStart(2, "0")}`;
}

/** Whole days from one day to another, both as the API writes them. */
export function daysBetween(from: string, to: string): number {
  return Math.round((Date.parse(`${to}T00:00:00Z`) - Date.parse(`${from}T00:00:00Z`)) / 86_400_000);
}

/** What was typed as a number, with whatever separators: "16.000.000" → 16000000; null when it is none. */
export function parseWhole(typed: string): number | null {
  const digits = typed.replace(/[\s.,_]/g, "");
  if (!/^\d{1,15}$/.test(digits)) return null;
  return Number(digits);
}
