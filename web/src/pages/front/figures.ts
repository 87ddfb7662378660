// What the public front page reads and how it arranges it: which campaign is shown, clusters, the days of the curve. Pure
// but for the reading.
import { ok, type Stats, stats } from "../../api/client";
import { type Campaign, openCampaigns, type Unit } from "../../api/reference";
import type { Span } from "../../components/chart";
import { localDay } from "../../format";

export type Basis = keyof Stats["Bases"];
export const BASES: readonly Basis[] = ["approved", "submitted", "in_review", "rejected", "withdrawn"];

export interface View {
  unit: string;
  campaign: string;
  basis: Basis;
  /** A day of the API, or null for now. */
  asOf: string | null;
}

/** A view as the key of a query. */
export function viewKey(kind: string, view: View): string {
  return `${kind}:${view.unit}:${view.campaign}:${view.basis}:${view.asOf ?? "now"}`;
}

function parameters(view: View) {
  return {
    path: { code: view.unit },
    query: { campaign: view.campaign, basis: view.basis, as_of: view.asOf ?? undefined },
  };
}

export const progress = (view: View): Promise<Stats["ProgressAnswer"]> =>
  ok(stats.GET("/v1/units/{code}/progress", { params: parameters(view) }));

export const children = (view: View): Promise<Stats["ChildrenAnswer"]> =>
  ok(stats.GET("/v1/units/{code}/children", { params: parameters(view) }));

export function timeline(view: View): Promise<Stats["TimelineAnswer"]> {
  return ok(
    stats.GET("/v1/units/{code}/timeline", {
      params: {
        path: { code: view.unit },
        query: { campaign: view.campaign, basis: view.basis, to: view.asOf ?? undefined },
      },
    }),
  );
}

/** Which campaign is shown when none is asked for: the open one that closes first, else the one that closed last. */
export function defaultCampaign(all: readonly Campaign[], now: Date): Campaign | undefined {
  const closed = [...all].sort((a, b) => b.closes_at.localeCompare(a.closes_at));
  return openCampaigns(all, now)[0] ?? closed[0];
}

/** The curve ends today at the latest, and at the day that is asked for. */
export function shownDays(answer: Stats["TimelineAnswer"], today: string): Stats["DayAnswer"][] {
  return answer.days.filter((one) => one.day <= today);
}

/** The windows of campaigns that lie within the days of a curve. */
export function windows(
  all: readonly Campaign[],
  days: readonly string[],
  name: (campaign: Campaign) => string,
): Span[] {
  const [first, last] = [days[0], days.at(-1)];
  if (first === undefined || last === undefined) return [];
  return all
    .map((one) => ({
      name: name(one),
      from: localDay(one.opens_at),
      // The moment of closing is the first that no longer counts.
      to: localDay(new Date(Date.parse(one.closes_at) - 1)),
    }))
    .filter((span) => span.from <= last && span.to >= first);
}

export interface Cluster {
  name: string | null;
  items: Stats["StandingAnswer"][];
}

/** Units under the names of their clusters, in the order in which the best of each stands; those in none come last. */
export function clusters(items: readonly Stats["StandingAnswer"][], units: readonly Unit[]): Cluster[] {
  const clusterOf = new Map(units.map((unit) => [unit.code, unit.cluster ?? null]));
  const found = new Map<string | null, Stats["StandingAnswer"][]>();
  for (const item of items) {
    const name = clusterOf.get(item.unit) ?? null;
    const list = found.get(name);
    if (list) list.push(item);
    else found.set(name, [item]);
  }
  return [...found]
    .map(([name, list]) => ({ name, items: list }))
    .sort((a, b) => Number(a.name === null) - Number(b.name === null));
}

/** Places within a list that is in order: equal counts share a place. */
export function places(items: readonly Stats["StandingAnswer"][]): number[] {
  const ranks: number[] = [];
  items.forEach((item, index) => {
    const before = items[index - 1];
    ranks.push(before && before.rank === item.rank ? (ranks[index - 1] ?? 1) : index + 1);
  });
  return ranks;
}
