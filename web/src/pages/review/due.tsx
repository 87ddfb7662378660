// How a deadline stands, in words and a colour.
import { day, daysBetween } from "../../format";
import { t } from "../../i18n";
import { todayHere, urgency } from "./queue";

const LOOK = { overdue: "bad", soon: "warn", later: "", none: "" } as const;

export function Due({ on }: { on: string | null }) {
  if (on === null) return <span class="soft">–</span>;
  const today = todayHere();
  const left = daysBetween(today, on);
  const words =
    left < 0
      ? t("review.overdue_by", { n: -left })
      : left === 0
        ? t("review.due_today")
        : t("review.due_in", { n: left });
  return (
    <span class="due">
      {day(on)} <span class={`badge ${LOOK[urgency({ due_on: on }, today)]}`}>{words}</span>
    </span>
  );
}
