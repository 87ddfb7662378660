import { expect, test } from "vitest";
import { allotted, behind, changedTargets, type Progress, type Standing, timeOver } from "./figures";

const child = (unit: string, target: number | null, percent: number | null): Standing =>
  ({ unit, target, percent }) as Standing;
const progress = (days: number, elapsed: number): Progress => ({ pace: { days, elapsed } }) as Progress;

test("a unit is behind when it has reached less of its target than of the time", () => {
  const over = timeOver(progress(40, 20));
  expect(over).toBe(50);
  expect(behind(child("A", 10, 49.9), over)).toBe(true);
  expect(behind(child("A", 10, 50), over)).toBe(false);
  expect(behind(child("A", null, null), over)).toBe(false);
});

test("before the campaign nobody is behind, and after it the whole target counts", () => {
  expect(timeOver(progress(40, 0))).toBeNull();
  expect(behind(child("A", 10, 0), null)).toBe(false);
  expect(timeOver(progress(40, 90))).toBe(100);
});

test("the running sum takes what is typed for what is stored", () => {
  const items = [child("A", 10, null), child("B", 5, null), child("C", null, null)];
  expect(allotted(items, {})).toBe(15);
  expect(allotted(items, { B: "1.000", C: "7" })).toBe(1017);
  expect(allotted(items, { A: "", B: "năm" })).toBe(0);
});

test("only what differs from the stored target is to be saved", () => {
  const items = [child("A", 10, null), child("B", 5, null), child("C", null, null)];
  const units = (typed: Record<string, string>) => changedTargets(items, typed).map((one) => one.unit);
  expect(units({ A: "10", C: "" })).toEqual([]);
  expect(units({ A: "", B: "6", C: "x" })).toEqual(["A", "B", "C"]);
});
