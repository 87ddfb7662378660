import { expect, test } from "vitest";
import { filtered, neighbour, urgency, type Waiting } from "./queue";

const one = (id: string, due_on: string | null, more: Partial<Waiting> = {}): Waiting => ({
  initiative_id: id,
  code: `CT-2026-${id}`,
  title: `Sáng kiến ${id}`,
  state: "in_review",
  unit: "CT",
  revision: 1,
  level: 1,
  levels: 2,
  waiting_for: { role: "support", unit: "CT" },
  due_on,
  submitted_at: "2026-11-01T00:00:00Z",
  own: false,
  barred: null,
  ...more,
});

test("a case is overdue the day after its deadline, and due soon from three days before", () => {
  expect(urgency(one("1", "2026-11-21"), "2026-11-22")).toBe("overdue");
  expect(urgency(one("1", "2026-11-22"), "2026-11-22")).toBe("soon");
  expect(urgency(one("1", "2026-11-25"), "2026-11-22")).toBe("soon");
  expect(urgency(one("1", "2026-11-26"), "2026-11-22")).toBe("later");
  expect(urgency(one("1", null), "2026-11-22")).toBe("none");
});

test("words are found without diacritics, and filters add up", () => {
  const items = [
    one("1", "2026-11-21", { title: "Đồ gá khoan" }),
    one("2", "2026-12-21", { title: "Đồ gá hàn" }),
  ];
  const none = { due: null, unit: null, level: null, words: "" };
  expect(filtered(items, { ...none, words: "do ga" }, "2026-11-22")).toHaveLength(2);
  expect(filtered(items, { ...none, words: "do ga", due: "overdue" }, "2026-11-22")).toEqual([items[0]]);
  expect(filtered(items, { ...none, unit: "OTHER" }, "2026-11-22")).toEqual([]);
});

test("after a case that left the queue comes the first of what is left", () => {
  const items = [one("1", null), one("2", null)];
  expect(neighbour(items, "1", 1)).toBe(items[1]);
  expect(neighbour(items, "2", 1)).toBeUndefined();
  expect(neighbour(items, "2", -1)).toBe(items[0]);
  expect(neighbour(items, "gone", 1)).toBe(items[0]);
});
