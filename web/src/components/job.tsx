// How far a background job is: its state in words, a bar, and figures. The words are in the page, so that nobody needs
// the bar's colour or length to know.
import { number } from "../format";
import { said, t } from "../i18n";
import { filled, isOpen, type Job } from "./job-progress";
import { ProgressBar } from "./waiting";

/** name: what the job is called on this page; it labels the bar. */
export function JobProgress({ job, name }: { job: Job; name: string }) {
  const bar = filled(job);
  const { done, total, note } = job.progress;
  return (
    <div class="job">
      <span class={`badge ${job.state === "failed" ? "bad" : job.state === "done" ? "good" : ""}`}>
        {job.cancel_requested && isOpen(job)
          ? t("job.cancelling")
          : said(`job.state_${job.state}`, job.state)}
      </span>{" "}
      {(done > 0 || total !== null) && (
        <span class="figures">
          {total === null
            ? number(done)
            : t("job.done_of", { done: number(done), total: number(Math.max(done, total)) })}
        </span>
      )}{" "}
      {isOpen(job) && note !== null && <span class="soft small">{said(`job.note_${note}`, note)}</span>}
      {job.error !== null && (
        <div class="small">
          {said(`job.error_${job.error}`, t("job.error_other"))} <span class="code soft">{job.error}</span>
        </div>
      )}
      {isOpen(job) &&
        (bar ? (
          <ProgressBar value={bar.value} max={bar.max} label={name} />
        ) : (
          <progress class="bar" aria-label={name} />
        ))}
    </div>
  );
}
