// What the form holds, as it is typed, and how it becomes the content that the API takes. Pure. It judges nothing: what
// is wrong is sent, and the server says so; only for the autosave what cannot be read is left out.
import type { Submission } from "../../api/client";
import { parseDay, parseWhole } from "../../format";

export interface FormAuthor {
  kind: "member" | "external";
  member: string;
  name: string;
  share: string;
  lead: boolean;
}

export interface Form {
  title: string;
  solution_type: string;
  field: string;
  unit: string;
  campaign: string;
  first_applied_on: string;
  applied_where: string;
  problem: string;
  solution: string;
  novelty: string;
  applicability: string;
  conditions: string;
  authors: FormAuthor[];
  on_behalf_of: string;
  benefit: "" | "money" | "social";
  declared: string;
  /** An unusual amount was read again, in words. */
  confirmed: boolean;
  method: string;
  social: string;
  recognised: boolean;
  recognition: { decision_no: string; decided_on: string; issuer: string; level: string };
  declarations: { not_recognised_elsewhere: boolean; lawful: boolean; no_ip_conflict: boolean };
  confidential: boolean;
  consent_to_publish: boolean;
}

export type Content = Submission["Content"];

export function emptyForm(subject: string, unit: string, campaign: string): Form {
  return {
    title: "",
    solution_type: "",
    field: "",
    unit,
    campaign,
    first_applied_on: "",
    applied_where: "",
    problem: "",
    solution: "",
    novelty: "",
    applicability: "",
    conditions: "",
    authors: [{ kind: "member", member: subject, name: "", share: "100", lead: true }],
    on_behalf_of: "",
    benefit: "",
    declared: "",
    confirmed: false,
    method: "",
    social: "",
    recognised: false,
    recognition: { decision_no: "", decided_on: "", issuer: "", level: "" },
    declarations: { not_recognised_elsewhere: false, lawful: false, no_ip_conflict: false },
    confidential: false,
    consent_to_publish: false,
  };
}

export function formOf(content: Content): Form {
  const benefit = content.benefit;
  const money = benefit?.declared_vnd ?? null;
  return {
    title: content.title ?? "",
    solution_type: content.solution_type ?? "",
    field: content.field ?? "",
    unit: content.unit,
    campaign: content.campaign ?? "",
    first_applied_on: content.first_applied_on ?? "",
    applied_where: content.applied_where ?? "",
    problem: content.problem ?? "",
    solution: content.solution ?? "",
    novelty: content.novelty ?? "",
    applicability: content.applicability ?? "",
    conditions: content.conditions ?? "",
    authors: (content.authors ?? []).map((author) => ({
      kind: author.external_name ? "external" : "member",
      member: author.member_id ?? "",
      name: author.external_name ?? "",
      share: (author.share ?? "").replace(".", ","),
      lead: author.lead ?? false,
    })),
    on_behalf_of: content.on_behalf_of ?? "",
    benefit: money !== null ? "money" : benefit ? "social" : "",
    declared: money === null ? "" : String(money),
    confirmed: benefit?.confirmed ?? false,
    method: benefit?.method ?? "",
    social: benefit?.social ?? "",
    recognised: Boolean(content.recognition),
    recognition: {
      decision_no: content.recognition?.decision_no ?? "",
      decided_on: content.recognition?.decided_on ?? "",
      issuer: content.recognition?.issuer ?? "",
      level: content.recognition?.level ?? "",
    },
    declarations: {
      not_recognised_elsewhere: content.declarations?.not_recognised_elsewhere ?? false,
      lawful: content.declarations?.lawful ?? false,
      no_ip_conflict: content.declarations?.no_ip_conflict ?? false,
    },
    confidential: content.confidential ?? false,
    consent_to_publish: content.consent_to_publish ?? false,
  };
}

const text = (typed: string): string | null => typed.trim() || null;

/** readable: only what the API can read, for the autosave; otherwise everything as it was typed. */
export function contentOf(form: Form, readable = false): Content {
  const day = (typed: string): string | null => {
    if (typed.trim() === "") return null;
    const read = /^\d{4}-\d{2}-\d{2}$/.test(typed) ? typed : parseDay(typed);
    return read ?? (readable ? null : typed.trim());
  };
  const share = (typed: string): string | null => {
    const plain = typed.trim().replace(",", ".");
    if (plain === "") return null;
    return readable && !/^\d{1,3}(\.\d{1,2})?$/.test(plain) ? null : plain;
  };
  const amount = (typed: string): number | null => {
    if (typed.trim() === "") return null;
    // What is no number is sent as text for the server to say so.
    return parseWhole(typed) ?? (readable ? null : (typed.trim() as unknown as number));
  };
  return {
    unit: form.unit,
    title: text(form.title),
    solution_type: (form.solution_type || null) as Content["solution_type"],
    field: form.field || null,
    campaign: form.campaign || null,
    authors: form.authors.map((author) => ({
      member_id: author.kind === "member" ? text(author.member) : null,
      external_name: author.kind === "external" ? text(author.name) : null,
      share: share(author.share),
      lead: author.lead,
    })),
    problem: text(form.problem),
    solution: text(form.solution),
    novelty: text(form.novelty),
    applicability: text(form.applicability),
    applied_where: text(form.applied_where),
    conditions: text(form.conditions),
    first_applied_on: day(form.first_applied_on),
    benefit:
      form.benefit === ""
        ? null
        : {
            declared_vnd: form.benefit === "money" ? amount(form.declared) : null,
            method: form.benefit === "money" ? text(form.method) : null,
            social: text(form.social),
            // A form that this device kept from before does not have it.
            confirmed: form.benefit === "money" && form.confirmed === true,
          },
    recognition: form.recognised
      ? {
          decision_no: text(form.recognition.decision_no),
          decided_on: day(form.recognition.decided_on),
          issuer: text(form.recognition.issuer),
          level: text(form.recognition.level),
        }
      : null,
    declarations: { ...form.declarations },
    confidential: form.confidential,
    consent_to_publish: form.consent_to_publish,
    on_behalf_of: text(form.on_behalf_of),
  };
}

/** The typed shares together, in hundredths; null when one cannot be read. */
export function sumOfShares(authors: readonly FormAuthor[]): number | null {
  let sum = 0;
  for (const author of authors) {
    const found = /^\s*(\d{1,3})(?:[.,](\d{1,2}))?\s*$/.exec(author.share);
    if (!found) return null;
    sum += Number(found[1]) * 100 + Number((found[2] ?? "").padEnd(2, "0"));
  }
  return sum;
}

/** Equal shares that make exactly 100.00; the first ones carry the hundredths that are over. */
export function equalShares(count: number): string[] {
  const each = Math.floor(10_000 / count);
  const over = 10_000 - each * count;
  return Array.from({ length: count }, (_, index) => {
    const share = each + (index < over ? 1 : 0);
    return `${Math.floor(share / 100)},${String(share % 100).padStart(2, "0")}`;
  });
}

export const STEPS = ["rules", "about", "content", "authors", "benefit", "check"] as const;
export type Step = (typeof STEPS)[number];

/** The step on which the field of a pointer stands: "#/authors/0/share" → authors. */
export function stepOf(pointer: string): Step {
  const name = pointer.replace(/^#\//, "").split("/")[0] ?? "";
  if (name === "declarations") return "rules";
  if (name === "authors" || name === "on_behalf_of") return "authors";
  if (["benefit", "recognition"].includes(name)) return "benefit";
  if (["problem", "solution", "novelty", "applicability", "conditions"].includes(name)) return "content";
  if (["confidential", "consent_to_publish"].includes(name)) return "check";
  return "about";
}

/** Pointers of what differs between two contents, for marking changes: "#/title", "#/authors", … */
export function changedPointers(before: Content, after: Content): string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]) as Set<keyof Content>;
  const plain = (value: unknown): string => JSON.stringify(value ?? null);
  return [...names].filter((name) => plain(before[name]) !== plain(after[name])).map((name) => `#/${name}`);
}
