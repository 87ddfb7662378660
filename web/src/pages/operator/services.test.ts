import { expect, test } from "vitest";
import { outboxAge, type Report, silent } from "./services";

const NOW = new Date("2026-11-22T12:00:00Z");
const report = (more: Partial<Report>): Report => ({ measured_at: null, outbox: [], ...more }) as Report;

test("a worker that has not reported for two minutes is silent", () => {
  expect(silent(report({}), NOW)).toBe(true);
  expect(silent(report({ measured_at: "2026-11-22T11:59:00Z" }), NOW)).toBe(false);
  expect(silent(report({ measured_at: "2026-11-22T11:57:00Z" }), NOW)).toBe(true);
});

test("the oldest event of all outboxes is the age of the outbox", () => {
  const outbox = [
    { collection: "a", waiting: 2, oldest_at: "2026-11-22T11:59:50Z" },
    { collection: "b", waiting: 1, oldest_at: "2026-11-22T11:59:00Z" },
    { collection: "c", waiting: 0, oldest_at: null },
  ];
  expect(outboxAge(report({ outbox }), NOW)).toBe(60);
  expect(outboxAge(report({}), NOW)).toBeNull();
});
