// The background jobs of one service for operators, newest first: what each is, how far it is, and cancelling.
import { useState } from "preact/hooks";
import { asProblem } from "../../api/problem";
import { Button } from "../../components/button";
import { LoadMore } from "../../components/facts";
import { JobProgress } from "../../components/job";
import { isOpen, type Job } from "../../components/job-progress";
import { usePages } from "../../components/pages";
import { Problem, Stale } from "../../components/problem";
import { announce } from "../../components/status";
import { DataTable } from "../../components/table";
import { moment } from "../../format";
import { said, t } from "../../i18n";
import type { JobsOfService } from "./services";

const REFRESH_MS = 5_000;

export function Jobs({ service, jobs }: { service: string; jobs: JobsOfService }) {
  const pages = usePages<Job>(`jobs:${service}`, jobs.page, { refreshMs: REFRESH_MS });
  const [busy, setBusy] = useState<string | null>(null);
  const nameOf = (job: Job): string => said(`operator.kind_${job.kind}`, job.kind);
  const cancel = async (job: Job): Promise<void> => {
    setBusy(job.id);
    try {
      await jobs.cancel(job.id);
      announce(t("operator.job_cancel_asked"));
      pages.reload();
    } catch (error) {
      const problem = asProblem(error);
      announce(problem.detail || problem.title || t("problem.unavailable"), "bad");
    } finally {
      setBusy(null);
    }
  };
  return (
    <div class="jobs">
      <h3>{t("operator.jobs")}</h3>
      {pages.items === undefined ? (
        pages.problem && <Problem problem={pages.problem} retry={pages.reload} />
      ) : (
        <>
          <Stale problem={pages.problem} retry={pages.reload} />
          <DataTable
            caption={t("operator.jobs")}
            captionHidden
            empty={t("operator.jobs_none")}
            rows={pages.items}
            rowKey={(job) => job.id}
            columns={[
              {
                name: t("operator.job"),
                head: true,
                cell: (job) => (
                  <>
                    {nameOf(job)}
                    <div class="soft small code">{job.id}</div>
                  </>
                ),
              },
              {
                name: t("operator.job_progress"),
                cell: (job) => <JobProgress job={job} name={nameOf(job)} />,
              },
              { name: t("operator.job_created"), cell: (job) => moment(job.created_at) },
              { name: t("operator.job_ended"), cell: (job) => (job.ended_at ? moment(job.ended_at) : "–") },
              {
                name: t("operator.act"),
                cell: (job) =>
                  isOpen(job) && !job.cancel_requested ? (
                    <Button
                      small
                      busy={busy === job.id}
                      label={`${t("operator.job_cancel")} ${job.id}`}
                      onClick={() => cancel(job)}
                    >
                      {t("operator.job_cancel")}
                    </Button>
                  ) : (
                    "–"
                  ),
              },
            ]}
          />
          <LoadMore more={pages.more} busy={pages.busy} onClick={pages.loadMore} />
        </>
      )}
    </div>
  );
}
