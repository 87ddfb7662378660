// What a job's progress means, apart from how it looks.
import type { Notify } from "../api/client";

export type Job = Notify["Job"];

/** Jobs whose state can still change. */
export function isOpen(job: Job): boolean {
  return job.state === "waiting" || job.state === "running";
}

/** How full the bar is; null while nobody knows, as of a job that runs without a total. */
export function filled(job: Job): { value: number; max: number } | null {
  const { done, total } = job.progress;
  if (job.state === "done") return { value: 1, max: 1 };
  if (total !== null && total > 0) return { value: Math.min(done, total), max: total };
  return job.state === "running" ? null : { value: 0, max: 1 };
}
