import { expect, test } from "vitest";
import type { Campaign, Unit } from "../../api/reference";
import { clusters, defaultCampaign, places, windows } from "./figures";

const campaign = (id: string, opens_at: string, closes_at: string) =>
  ({ id, opens_at, closes_at, name_vi: id, name_en: id }) as Campaign;

const PHASE = campaign("phase-1", "2022-01-07T17:00:00Z", "2022-05-31T17:00:00Z");
const PEAK = campaign("peak-40-days", "2022-04-21T17:00:00Z", "2022-05-31T16:00:00Z");

test("the open campaign that closes first is shown, else the one that closed last", () => {
  expect(defaultCampaign([PHASE, PEAK], new Date("2022-05-01T00:00:00Z"))?.id).toBe("peak-40-days");
  expect(defaultCampaign([PHASE, PEAK], new Date("2022-02-01T00:00:00Z"))?.id).toBe("phase-1");
  expect(defaultCampaign([PHASE, PEAK], new Date("2023-02-01T00:00:00Z"))?.id).toBe("phase-1");
  expect(defaultCampaign([], new Date())).toBeUndefined();
});

test("a campaign's window ends on the last day that counts", () => {
  expect(windows([PHASE], ["2022-01-01", "2022-06-30"], (one) => one.id)).toEqual([
    { name: "phase-1", from: "2022-01-08", to: "2022-05-31" },
  ]);
  expect(windows([PHASE], ["2022-07-01", "2022-07-02"], (one) => one.id)).toEqual([]);
});

test("units are ranked within their clusters, those in none last", () => {
  const item = (unit: string, rank: number) => ({ unit, rank }) as never;
  const unit = (code: string, cluster: string | null) => ({ code, cluster }) as Unit;

  const found = clusters(
    [item("A", 1), item("B", 2), item("C", 2), item("D", 4)],
    [unit("B", "Cụm 5"), unit("C", "Cụm 5"), unit("D", "Cụm 5"), unit("A", null)],
  );

  expect(found.map((one) => [one.name, one.items.map((each) => each.unit)])).toEqual([
    ["Cụm 5", ["B", "C", "D"]],
    [null, ["A"]],
  ]);
  expect(places(found[0]?.items ?? [])).toEqual([1, 1, 3]);
});
