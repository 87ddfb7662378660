// The content of an initiative as a reviewer reads it: one row per field, as text, so that two revisions can be compared
// word by word. Pure.
import type { Review, Submission } from "../../api/client";
import { day, vnd } from "../../format";
import { locale, type PlainKey, said, t } from "../../i18n";
import { vndWordsEn, vndWordsVi } from "../../money-words";
import { type Piece, wordDiff } from "../../word-diff";

export type Content = Submission["Content"];
export type Item = Review["Item"];

export interface Row {
  /** Where the API points to the field. */
  pointer: string;
  label: string;
  text: string;
}

const FIELDS: readonly [
  pointer: string,
  label: PlainKey,
  text: (content: Content) => string | null | undefined,
][] = [
  ["#/title", "review.f_title", (c) => c.title],
  [
    "#/solution_type",
    "review.f_type",
    (c) => c.solution_type && said(`type.${c.solution_type}`, c.solution_type),
  ],
  ["#/authors", "review.f_authors", (c) => c.authors?.map(author).join("\n")],
  ["#/problem", "review.f_problem", (c) => c.problem],
  ["#/solution", "review.f_solution", (c) => c.solution],
  ["#/novelty", "review.f_novelty", (c) => c.novelty],
  ["#/applicability", "review.f_applicability", (c) => c.applicability],
  ["#/applied_where", "review.f_applied_where", (c) => c.applied_where],
  ["#/first_applied_on", "review.f_first_applied_on", (c) => c.first_applied_on && day(c.first_applied_on)],
  ["#/conditions", "review.f_conditions", (c) => c.conditions],
  ["#/benefit/declared_vnd", "review.f_benefit", (c) => amount(c.benefit?.declared_vnd)],
  ["#/benefit/method", "review.f_benefit_method", (c) => c.benefit?.method],
  ["#/benefit/social", "review.f_benefit_social", (c) => c.benefit?.social],
  ["#/recognition", "review.f_recognition", (c) => recognition(c.recognition)],
  ["#/declarations", "review.f_declarations", (c) => declarations(c.declarations)],
];

// A short value is shown as replaced as a whole: its words alone say little.
const WHOLE = new Set(["#/solution_type", "#/first_applied_on", "#/benefit/declared_vnd"]);

export const POINTERS = FIELDS.map(([pointer, label]) => ({ pointer, label }));

/** The label of a field by its pointer, or of the field that it lies in. */
export function labelOf(pointer: string): string {
  const found =
    FIELDS.find(([at]) => at === pointer) ??
    FIELDS.find(([at]) => pointer.startsWith(`${at}/`) || at.startsWith(`${pointer}/`));
  return found ? t(found[1]) : pointer;
}

export function rowsOf(content: Content): Row[] {
  return FIELDS.map(([pointer, label, text]) => ({ pointer, label: t(label), text: text(content) || "" }));
}

export interface Compared extends Row {
  /** The pieces of both texts where they differ; null where nothing changed. */
  changes: Piece[] | null;
}

export function compared(now: Content, before: Content | undefined): Compared[] {
  const earlier = before ? rowsOf(before) : undefined;
  return rowsOf(now).map((row, index) => {
    const was = earlier?.[index]?.text;
    if (was === undefined || was === row.text) return { ...row, changes: null };
    return { ...row, changes: WHOLE.has(row.pointer) ? replaced(was, row.text) : wordDiff(was, row.text) };
  });
}

function replaced(was: string, now: string): Piece[] {
  const pieces: Piece[] = [
    { kind: "out", text: was },
    { kind: "new", text: now },
  ];
  return pieces.filter((piece) => piece.text);
}

function author(one: Submission["Author"]): string {
  const who = one.external_name ?? one.member_id ?? "?";
  const share = one.share ? ` – ${one.share.replace(".", ",")} %` : "";
  return `${who}${share}${one.lead ? ` (${t("review.lead_author")})` : ""}`;
}

export function amount(value: number | null | undefined): string | null {
  if (value === null || value === undefined) return null;
  return `${vnd(value)} (${locale.value === "en" ? vndWordsEn(value) : vndWordsVi(value)})`;
}

function recognition(one: Content["recognition"]): string | null {
  if (!one) return null;
  const on = one.decided_on ? day(one.decided_on) : null;
  return [one.decision_no, on, one.issuer, one.level].filter(Boolean).join(" · ");
}

function declarations(one: Content["declarations"]): string | null {
  if (!one) return null;
  const said: [boolean | undefined, PlainKey][] = [
    [one.not_recognised_elsewhere, "review.d_not_recognised"],
    [one.lawful, "review.d_lawful"],
    [one.no_ip_conflict, "review.d_no_ip"],
  ];
  return said.map(([yes, key]) => `${yes ? "✓" : "✗"} ${t(key)}`).join("\n");
}
