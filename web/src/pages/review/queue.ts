// The queue of a reviewer: how it is read, how deadlines stand, what the filters leave. Pure but for the reading.
import { ok, type Review, review } from "../../api/client";
import { useQuery } from "../../api/query";
import { daysBetween, localDay } from "../../format";
import { fold } from "../../fold";

export type Waiting = Review["Summary"];
export type QueueState = "in_review" | "revision_requested";
export type Urgency = "overdue" | "soon" | "later" | "none";

export const URGENCIES: readonly Urgency[] = ["overdue", "soon", "later"];
const SOON_DAYS = 3;
const PAGE = 100;
const MOST_PAGES = 5;
const REFRESH_MS = 60_000;

export interface Queue {
  items: Waiting[];
  /** There are more than were read. */
  more: boolean;
}

async function read(state: QueueState): Promise<Queue> {
  const items: Waiting[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const query = { state, limit: PAGE, cursor };
    const got = await ok(review.GET("/v1/cases", { params: { query } }));
    items.push(...got.items);
    cursor = got.next ?? undefined;
    if (cursor === undefined) break;
  }
  return { items, more: cursor !== undefined };
}

/** What waits for me, the most urgent first; the list and the cases share one reading. */
export function useQueue(state: QueueState, wanted = true) {
  return useQuery(wanted ? `cases:queue:${state}` : null, () => read(state), { refreshMs: REFRESH_MS });
}

export function urgency(one: Pick<Waiting, "due_on">, today: string): Urgency {
  if (one.due_on === null) return "none";
  const left = daysBetween(today, one.due_on);
  return left < 0 ? "overdue" : left <= SOON_DAYS ? "soon" : "later";
}

export interface Filters {
  due: string | null;
  unit: string | null;
  level: string | null;
  words: string;
}

export function filtered(items: readonly Waiting[], filters: Filters, today: string): Waiting[] {
  const words = fold(filters.words).split(/\s+/).filter(Boolean);
  return items.filter((one) => {
    if (filters.due && urgency(one, today) !== filters.due) return false;
    if (filters.unit && one.unit !== filters.unit) return false;
    if (filters.level && String(one.level) !== filters.level) return false;
    const text = fold(`${one.title ?? ""} ${one.code}`);
    return words.every((word) => text.includes(word));
  });
}

/** The case after (1) or before (-1) one; when it is no longer there, the first. */
export function neighbour(items: readonly Waiting[], id: string, step: 1 | -1): Waiting | undefined {
  const at = items.findIndex((one) => one.initiative_id === id);
  if (at < 0) return step === 1 ? items[0] : undefined;
  return items[at + step];
}

export function todayHere(): string {
  return localDay(new Date());
}
