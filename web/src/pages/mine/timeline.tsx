// What happened to an initiative, who did it and when, and what is next: from the case's history, or from the milestones
// alone while the review service is away. People are named by role and unit.
import type { ComponentChildren } from "preact";
import { UnitName } from "../../components/unit";
import { day, moment } from "../../format";
import { said, t } from "../../i18n";
import type { Case, Initiative } from "./initiative";

interface Happening {
  at: string;
  what: string;
  look: "plain" | "good" | "bad" | "warn";
  who: ComponentChildren;
  more?: ComponentChildren;
}

export function Timeline({ one, found }: { one: Initiative; found: Case | undefined }) {
  const happenings = [...fromAuthor(one), ...(found ? fromCase(found) : fromMilestones(one))].sort((a, b) =>
    a.at.localeCompare(b.at),
  );
  return (
    <>
      <ol class="timeline">
        {happenings.map((one) => (
          <li key={one.at + one.what} class={one.look}>
            <p class="what">
              <strong>{one.what}</strong> <time dateTime={one.at}>{moment(one.at)}</time>
            </p>
            <p class="soft small">{one.who}</p>
            {one.more}
          </li>
        ))}
      </ol>
      <p class="next-step">
        <strong>{t("mine.next")}:</strong> {next(one, found)}
      </p>
    </>
  );
}

function fromAuthor(one: Initiative): Happening[] {
  const milestones = one.milestones;
  const author = t("mine.by_author");
  const list: Happening[] = [{ at: one.created_at, what: t("mine.t_created"), look: "plain", who: author }];
  if (milestones)
    list.push({ at: milestones.submitted, what: t("mine.t_submitted"), look: "plain", who: author });
  if (milestones?.resubmitted)
    list.push({ at: milestones.resubmitted, what: t("mine.t_resubmitted"), look: "plain", who: author });
  if (milestones?.withdrawn)
    list.push({
      at: milestones.withdrawn,
      what: t("mine.t_withdrawn"),
      look: "warn",
      who: author,
      more: one.withdrawal_reason && <p>{t("mine.reason", { reason: one.withdrawal_reason })}</p>,
    });
  return list.filter(
    (happening, index) => index !== 0 || happening.at.slice(0, 16) !== milestones?.submitted.slice(0, 16),
  );
}

function by(role: string | null, unit: string | null): ComponentChildren {
  if (role === null || unit === null) return "";
  return (
    <>
      {said(`role.${role}`, role)}, <UnitName code={unit} />
    </>
  );
}

function fromCase(found: Case): Happening[] {
  const looks = { validate: "good", request_revision: "warn", reject: "bad" } as const;
  return found.history.flatMap((entry): Happening[] => {
    const what = entry.what;
    if (what === "opened") {
      return [{ at: entry.at, what: t("mine.t_in_review"), look: "plain", who: "" }];
    }
    if (what === "resubmitted" || what === "withdrawn" || what === "reopened") return [];
    const last = what === "validate" && entry.level === found.levels;
    const reason = found.reject_reasons.find((one) => one.code === entry.reason_code)?.text;
    return [
      {
        at: entry.at,
        what: last
          ? t("mine.t_approved")
          : what === "validate"
            ? t("mine.t_validate", { level: entry.level })
            : t(`mine.t_${what}`),
        look: looks[what],
        who: by(entry.role, entry.unit),
        more: (
          <>
            {(reason ?? entry.reason_code) && (
              <p>{t("mine.reason", { reason: reason ?? entry.reason_code ?? "" })}</p>
            )}
            {entry.text && <p class="prewrap">{entry.text}</p>}
          </>
        ),
      },
    ];
  });
}

function fromMilestones(one: Initiative): Happening[] {
  const milestones = one.milestones;
  if (!milestones) return [];
  const list: Happening[] = milestones.validated.map((passed) => ({
    at: passed.at,
    what: t("mine.t_validate", { level: passed.level }),
    look: "good",
    who: <UnitName code={passed.unit} />,
  }));
  const add = (at: string | null, what: string, look: Happening["look"]): void => {
    if (at !== null) list.push({ at, what, look, who: "" });
  };
  add(milestones.revision_requested, t("mine.t_request_revision"), "warn");
  add(milestones.approved, t("mine.t_approved"), "good");
  add(milestones.rejected, t("mine.t_reject"), "bad");
  return list;
}

function next(one: Initiative, found: Case | undefined): ComponentChildren {
  if (one.state === "draft") return t("mine.next_submit");
  if (one.state === "revision_requested") return t("mine.next_revision");
  if (one.state === "submitted" && !found) return t("mine.next_review");
  const step = found?.next_step;
  if (found?.state === "in_review" && step?.step === "decision" && step.role !== null) {
    const role = said(`role.${step.role}`, step.role);
    const unit = step.unit_name ?? step.unit ?? "";
    return step.due_on === null
      ? t("mine.next_decision_undated", { role, unit })
      : t("mine.next_decision", { role, unit, day: day(step.due_on) });
  }
  if (["approved", "rejected", "withdrawn"].includes(one.state)) return t("mine.next_none");
  return one.expected_answer_on ? t("mine.answer_by", { day: day(one.expected_answer_on) }) : "";
}
