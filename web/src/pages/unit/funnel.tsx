// The funnel of a unit: from submitted to how it ended, with the unit's own target and pace.
import { useQuery } from "../../api/query";
import { benefitFacts } from "../../components/benefit";
import { Facts } from "../../components/facts";
import { Problem, Stale } from "../../components/problem";
import { ProgressBar, Skeleton } from "../../components/waiting";
import { fraction, moment, number, percent } from "../../format";
import { t } from "../../i18n";
import { progress, type View, viewKey } from "../front/figures";

const REFRESH_MS = 30_000;
const STEPS = ["submitted", "in_review", "approved", "rejected", "withdrawn"] as const;

export function useProgress(view: View) {
  return useQuery(viewKey("progress", view), () => progress(view), { refreshMs: REFRESH_MS });
}

export function Funnel({ view }: { view: View }) {
  const figures = useProgress(view);
  const now = figures.data;
  return (
    <section class="card">
      <h2>{t("unit.funnel")}</h2>
      {now ? (
        <>
          <Stale problem={figures.problem} retry={figures.reload} />
          <div class="desk-standing">
            <div class="funnel">
              <ul>
                {STEPS.map((step) => (
                  <li key={step}>
                    <span>{t(`basis.${step}`)}</span>
                    <strong>{number(now.bases[step].count)}</strong>
                    <ProgressBar
                      value={now.bases[step].count}
                      max={now.bases.submitted.count}
                      label={t(`basis.${step}`)}
                    />
                  </li>
                ))}
              </ul>
            </div>
            <Facts
              facts={[
                {
                  name: t("unit.target"),
                  value: now.target === null ? t("unit.no_target") : number(now.target),
                },
                now.percent !== null && { name: t("unit.reached"), value: percent(now.percent) },
                now.pace.expected !== null && {
                  name: t("unit.expected"),
                  value: number(now.pace.expected),
                },
                now.pace.needed_per_day !== null && {
                  name: t("unit.needed"),
                  value: t("unit.per_day", { rate: fraction(now.pace.needed_per_day) }),
                },
                now.of > 1 && {
                  name: t("unit.rank"),
                  value: t("unit.rank_of", { rank: number(now.rank), of: number(now.of) }),
                },
                { name: t("unit.authors"), value: number(now.authors) },
                ...benefitFacts(now, "approved"),
                now.counted_at !== null && { name: t("unit.counted"), value: moment(now.counted_at) },
              ]}
            />
          </div>
        </>
      ) : figures.problem ? (
        <Problem problem={figures.problem} retry={figures.reload} />
      ) : (
        <Skeleton height={12} />
      )}
    </section>
  );
}
