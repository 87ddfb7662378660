// Units, campaigns and fields of work: read often, changed rarely. Kept for the visit, one request each however many
// ask at once.

import { ok, type Submission, submission } from "./client";
import { ApiProblem } from "./problem";
import { useQuery } from "./query";

export type Unit = Submission["Unit"];
export type Campaign = Submission["Campaign"];

const units = new Map<string, Promise<Unit>>();

/** One unit by its code. Throws ApiProblem. */
export function unitOf(code: string): Promise<Unit> {
  let found = units.get(code);
  if (!found) {
    found = ok(submission.GET("/v1/units/{code}", { params: { path: { code } } }));
    units.set(code, found);
    // A failure is not kept.
    found.catch(() => units.delete(code));
  }
  return found;
}

/** What is known of units from a list, so that their names need no request of their own. */
export function learnUnits(known: readonly Unit[]): void {
  for (const unit of known) units.set(unit.code, Promise.resolve(unit));
}

export function useUnit(code: string | null): Unit | undefined {
  return useQuery(code === null ? null : `unit:${code}`, () => unitOf(code ?? "")).data;
}

/**
 * What was read last is also kept on the device: a form that is opened without a link has its lists all the same. These
 * are public facts and no person's.
 */
async function readOrRecall<T>(name: string, read: () => Promise<T>): Promise<T> {
  const key = `sangkien.list.${name}`;
  try {
    const fresh = await read();
    remember(key, fresh);
    return fresh;
  } catch (error) {
    const recalled = recall<T>(key);
    if (recalled === null || !(error instanceof ApiProblem) || !error.passing) throw error;
    return recalled;
  }
}

function remember(key: string, value: unknown): void {
  try {
    localStorage.setItem(key, JSON.stringify(value));
  } catch {
    // No room or no storage: the next visit reads it again.
  }
}

function recall<T>(key: string): T | null {
  try {
    return JSON.parse(localStorage.getItem(key) ?? "null") as T | null;
  } catch {
    return null;
  }
}

export function campaigns(): Promise<Campaign[]> {
  return readOrRecall("campaigns", async () => (await ok(submission.GET("/v1/campaigns"))).items);
}

export function useCampaigns() {
  return useQuery("campaigns", campaigns);
}

export function useFields() {
  return useQuery("fields", () =>
    readOrRecall("fields", async () => (await ok(submission.GET("/v1/fields"))).items),
  );
}

/** From which declared benefit on the form asks for more. */
export function useBenefitLimits() {
  return useQuery("benefit-limits", () =>
    readOrRecall("benefit-limits", async () => await ok(submission.GET("/v1/benefit-limits"))),
  );
}

/** The units directly below one, all of them. */
export async function childrenOf(parent: string): Promise<Unit[]> {
  const all: Unit[] = [];
  let cursor: string | undefined;
  do {
    const page = await ok(submission.GET("/v1/units", { params: { query: { parent, limit: 100, cursor } } }));
    all.push(...page.items);
    cursor = page.next ?? undefined;
  } while (cursor !== undefined);
  learnUnits(all);
  return all;
}

/** Those that are open at `now`, the one that closes first first; else none. */
export function openCampaigns(all: readonly Campaign[], now: Date): Campaign[] {
  const at = now.toISOString();
  return all
    .filter((one) => one.opens_at <= at && at < one.closes_at)
    .sort((a, b) => a.closes_at.localeCompare(b.closes_at));
}
