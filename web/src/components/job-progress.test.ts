import { expect, test } from "vitest";
import { filled, isOpen, type Job } from "./job-progress";

const job = (state: Job["state"], done: number, total: number | null): Job =>
  ({ state, progress: { done, total, note: null } }) as Job;

test("the bar shows what is done of the total, and never more", () => {
  expect(filled(job("running", 3, 9))).toEqual({ value: 3, max: 9 });
  expect(filled(job("running", 12, 9))).toEqual({ value: 9, max: 9 });
  expect(filled(job("failed", 3, 9))).toEqual({ value: 3, max: 9 });
});

test("a job that runs without a known total has no end to show", () => {
  expect(filled(job("running", 40, null))).toBeNull();
  expect(filled(job("running", 0, 0))).toBeNull();
});

test("a job that has not begun is empty, and one that is done is full even if there was nothing to do", () => {
  expect(filled(job("waiting", 0, null))).toEqual({ value: 0, max: 1 });
  expect(filled(job("cancelled", 5, null))).toEqual({ value: 0, max: 1 });
  expect(filled(job("done", 0, 0))).toEqual({ value: 1, max: 1 });
});

test("only jobs that wait or run can change", () => {
  const states: Job["state"][] = ["waiting", "running", "done", "failed", "cancelled"];
  expect(states.filter((state) => isOpen(job(state, 0, null)))).toEqual(["waiting", "running"]);
});
