// The operator's endpoints of the four services under one shape. Each is asked for itself.
import { notify, ok, review, type Stats, stats, submission } from "../../api/client";
import type { Page } from "../../components/pages";
import type { Job } from "../../components/job-progress";

export type Report = Stats["Operations"];

export interface JobsOfService {
  page: (cursor: string | undefined) => Promise<Page<Job>>;
  cancel: (id: string) => Promise<unknown>;
}

export interface Service {
  name: string;
  read: () => Promise<Report>;
  replay: (offset: number) => Promise<unknown>;
  release: () => Promise<unknown>;
  /** Of a service that has background jobs. */
  jobs?: JobsOfService;
}

const path = (offset: number) => ({ params: { path: { offset } } });

export const SERVICES: readonly Service[] = [
  {
    name: "submission",
    read: () => ok(submission.GET("/v1/operations")),
    replay: (offset) => ok(submission.POST("/v1/operations/dead-letters/{offset}/replay", path(offset))),
    release: () => ok(submission.POST("/v1/operations/consumer/release")),
  },
  {
    name: "review",
    read: () => ok(review.GET("/v1/operations")),
    replay: (offset) => ok(review.POST("/v1/operations/dead-letters/{offset}/replay", path(offset))),
    release: () => ok(review.POST("/v1/operations/consumer/release")),
  },
  {
    name: "stats",
    read: () => ok(stats.GET("/v1/operations")),
    replay: (offset) => ok(stats.POST("/v1/operations/dead-letters/{offset}/replay", path(offset))),
    release: () => ok(stats.POST("/v1/operations/consumer/release")),
  },
  {
    name: "notify",
    read: () => ok(notify.GET("/v1/operations")),
    replay: (offset) => ok(notify.POST("/v1/operations/dead-letters/{offset}/replay", path(offset))),
    release: () => ok(notify.POST("/v1/operations/consumer/release")),
    jobs: {
      page: (cursor) =>
        ok(notify.GET("/v1/jobs", { params: { query: { scope: "all", ...(cursor ? { cursor } : {}) } } })),
      cancel: (id) => ok(notify.POST("/v1/jobs/{id}/cancel", { params: { path: { id } } })),
    },
  },
];

/** Seconds from a moment to now. */
export function ageSeconds(at: string, now: Date): number {
  return Math.max(0, Math.round((now.getTime() - Date.parse(at)) / 1000));
}

/** Whether the worker has reported lately; it does so at least every other minute. */
export const SILENT_SECONDS = 120;

export function silent(report: Report, now: Date): boolean {
  return report.measured_at === null || ageSeconds(report.measured_at, now) > SILENT_SECONDS;
}

/** The age of the oldest event that waits to be published; null when none does. */
export function outboxAge(report: Report, now: Date): number | null {
  const ages = report.outbox.flatMap((one) =>
    one.oldest_at === null ? [] : [ageSeconds(one.oldest_at, now)],
  );
  return ages.length > 0 ? Math.max(...ages) : null;
}
