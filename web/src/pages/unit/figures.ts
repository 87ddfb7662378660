// What the unit desk makes of the figures: who is behind, what is allotted, the sheet to export. Pure.
import type { Stats } from "../../api/client";
import type { Sheet } from "../../export";
import { parseWhole } from "../../format";
import { named, said, t } from "../../i18n";

export type Standing = Stats["StandingAnswer"];
export type Progress = Stats["ProgressAnswer"];

/** How much of the campaign's time is over, in per cent; null before it begins. */
export function timeOver(progress: Progress): number | null {
  const { days, elapsed } = progress.pace;
  return days > 0 && elapsed > 0 ? (Math.min(elapsed, days) * 100) / days : null;
}

/** A unit with a target is behind when it has less of it than of the time. */
export function behind(one: Standing, over: number | null): boolean {
  return over !== null && one.percent !== null && one.percent < over;
}

/** What is typed for the children's targets, by unit. "" takes a target back. */
export type Typed = Readonly<Record<string, string>>;

export function typedOf(one: Standing, typed: Typed): string {
  return typed[one.unit] ?? (one.target === null ? "" : String(one.target));
}

/** The sum of what would be allotted; what is no number counts nothing. */
export function allotted(items: readonly Standing[], typed: Typed): number {
  return items.reduce((sum, one) => sum + (parseWhole(typedOf(one, typed)) ?? 0), 0);
}

/** Those whose typed target is another than the stored one. */
export function changedTargets(items: readonly Standing[], typed: Typed): Standing[] {
  return items.filter((one) => {
    const text = typedOf(one, typed).trim();
    const value = text === "" ? null : (parseWhole(text) ?? Number.NaN);
    return value !== one.target;
  });
}

export function sheetOf(name: string, items: readonly Standing[], over: number | null): Sheet {
  return {
    name,
    columns: [
      t("unit.rank"),
      t("unit.code"),
      t("unit.name"),
      t("unit.kind"),
      t("basis.approved"),
      t("unit.target"),
      t("unit.percent_sheet"),
      t("basis.submitted"),
      t("basis.in_review"),
      t("basis.rejected"),
      t("basis.withdrawn"),
      t("unit.benefit_sheet"),
      t("unit.authors"),
      t("unit.pace"),
    ],
    rows: items.map((one) => [
      one.rank,
      one.unit,
      named(one),
      said(`level.${one.level}`, one.level),
      one.count,
      one.target,
      one.percent,
      one.bases.submitted.count,
      one.bases.in_review.count,
      one.bases.rejected.count,
      one.bases.withdrawn.count,
      one.benefit_vnd,
      one.authors,
      one.target === null ? "" : t(behind(one, over) ? "unit.behind" : "unit.on_pace"),
    ]),
  };
}
