// The public front page, and the same for every unit of the tree: how it stands, how it grew, who stands where below.
import { useMemo, useState } from "preact/hooks";
import { Link } from "wouter-preact";
import type { Stats } from "../../api/client";
import { useQuery } from "../../api/query";
import { type Campaign, childrenOf, useCampaigns, useUnit } from "../../api/reference";
import { benefitFacts } from "../../components/benefit";
import { Button, ButtonLink } from "../../components/button";
import { Chart } from "../../components/chart";
import { Facts, PageHead } from "../../components/facts";
import { DayInput, Field, Select } from "../../components/field";
import { Problem, Stale } from "../../components/problem";
import { DataTable } from "../../components/table";
import { UnitPath, UnitPicker } from "../../components/unit";
import { ProgressBar, Skeleton } from "../../components/waiting";
import { day, daysBetween, fraction, localDay, moment, number, percent } from "../../format";
import { named, t } from "../../i18n";
import { ROOT_UNIT } from "../../programme";
import { go, useAddressQuery } from "../../router";
import {
  BASES,
  type Basis,
  children,
  clusters,
  defaultCampaign,
  places,
  progress,
  shownDays,
  timeline,
  type View,
  viewKey,
  windows,
} from "./figures";
import { ShowcaseList, usePublished } from "./showcase-list";

const REFRESH_MS = 15_000;
const RARE_REFRESH_MS = 60_000;

export default function Front({ code = ROOT_UNIT }: { code?: string }) {
  const [query, setQuery] = useAddressQuery();
  const all = useCampaigns();
  const campaign =
    all.data?.find((one) => one.id === query.get("campaign")) ?? defaultCampaign(all.data ?? [], new Date());
  const asked = query.get("basis");
  const basis: Basis = BASES.find((one) => one === asked) ?? "approved";
  const asOf = /^\d{4}-\d{2}-\d{2}$/.test(query.get("as_of") ?? "") ? query.get("as_of") : null;
  const view = campaign ? { unit: code, campaign: campaign.id, basis, asOf } : null;
  const unit = useUnit(code);

  const to = (other: string): string => {
    const kept = query.toString();
    const path = other === ROOT_UNIT ? "/" : `/units/${encodeURIComponent(other)}`;
    return kept ? `${path}?${kept}` : path;
  };

  return (
    <>
      {unit && code !== ROOT_UNIT && <UnitPath path={unit.path} to={to} />}
      <PageHead
        title={
          code === ROOT_UNIT ? t("front.title") : t("front.title_unit", { unit: unit ? named(unit) : code })
        }
        lead={t("front.lead")}
      />
      {all.problem && !all.data ? (
        <Problem problem={all.problem} retry={all.reload} />
      ) : (
        <Controls
          campaigns={all.data ?? []}
          campaign={campaign}
          basis={basis}
          asOf={asOf}
          set={setQuery}
          pick={(other) => go(to(other))}
        />
      )}
      {view && campaign ? (
        <>
          <Standing view={view} campaign={campaign} />
          <Growth view={view} campaigns={all.data ?? []} name={unit ? named(unit) : code} />
          <Ranking view={view} to={to} />
        </>
      ) : (
        !all.problem && <Skeleton height={24} />
      )}
      <Published unit={code} />
    </>
  );
}

function Controls({
  campaigns,
  campaign,
  basis,
  asOf,
  set,
  pick,
}: {
  campaigns: readonly Campaign[];
  campaign: Campaign | undefined;
  basis: Basis;
  asOf: string | null;
  set: (changes: Record<string, string | null>) => void;
  pick: (unit: string) => void;
}) {
  const [typed, setTyped] = useState(asOf ?? "");
  const today = localDay(new Date());
  const now = new Date().toISOString();
  return (
    <div class="controls">
      <Field label={t("front.campaign")}>
        {(control) => (
          <Select
            control={control}
            value={campaign?.id ?? ""}
            options={campaigns.map((one) => ({
              value: one.id,
              label:
                one.opens_at <= now && now < one.closes_at
                  ? t("front.campaign_open", { name: named(one) })
                  : named(one),
            }))}
            onChange={(id) => set({ campaign: id, as_of: null })}
          />
        )}
      </Field>
      <Field label={t("front.basis")}>
        {(control) => (
          <Select
            control={control}
            value={basis}
            options={BASES.map((one) => ({ value: one, label: t(`basis.${one}`) }))}
            onChange={(one) => set({ basis: one === "approved" ? null : one })}
          />
        )}
      </Field>
      <Field label={t("front.as_of")}>
        {(control) => (
          <DayInput
            control={control}
            value={asOf ?? typed}
            max={today}
            onChange={(value) => {
              setTyped(value);
              if (/^\d{4}-\d{2}-\d{2}$/.test(value) && value <= today) set({ as_of: value });
              else if (asOf !== null) set({ as_of: null });
            }}
          />
        )}
      </Field>
      <Field label={t("front.find_unit")}>
        {(control) => <UnitPicker control={control} value="" onChange={pick} quiet />}
      </Field>
    </div>
  );
}

function Standing({ view, campaign }: { view: View; campaign: Campaign }) {
  const figures = useQuery(viewKey("progress", view), () => progress(view), {
    refreshMs: view.asOf === null ? REFRESH_MS : undefined,
  });
  if (!figures.data) {
    return figures.problem ? (
      <Problem problem={figures.problem} retry={figures.reload} />
    ) : (
      <Skeleton height={24} />
    );
  }
  const now = figures.data;
  return (
    <section class="card standing" aria-label={t("front.title")}>
      <Stale problem={figures.problem} retry={figures.reload} />
      <div class="headline">
        <p class="big">
          <strong>{number(now.count)}</strong> {t("front.count_unit")}
        </p>
        <p>
          {now.target !== null && now.percent !== null
            ? t("front.of_target", { percent: percent(now.percent), target: number(now.target) })
            : t("front.no_target")}
        </p>
        {now.target !== null && (
          <ProgressBar value={now.count} max={now.target} label={t("front.progress_label")} />
        )}
        <p class="soft small">
          {t("front.basis_named", { basis: t(`basis.${now.basis}`) })}
          {" · "}
          {view.asOf !== null
            ? t("front.as_of_note", { day: day(view.asOf) })
            : now.counted_at !== null
              ? t("front.live", { moment: moment(now.counted_at) })
              : t("front.nothing_counted")}
        </p>
      </div>
      <Facts
        facts={[
          timeLeft(campaign, view.asOf),
          { name: t("front.pace"), value: t("front.pace_value", { rate: fraction(now.pace.per_day) }) },
          now.pace.needed_per_day !== null && {
            name: t("front.needed"),
            value: t("front.pace_value", { rate: fraction(now.pace.needed_per_day) }),
          },
          schedule(now),
          ...benefitFacts(now, now.basis as Basis),
          { name: t("front.authors"), value: number(now.authors) },
          now.of > 1 && {
            name: t("front.rank"),
            value: t("front.rank_value", { rank: number(now.rank), of: number(now.of) }),
          },
        ]}
      />
      <Funnel bases={now.bases} />
    </section>
  );
}

function timeLeft(campaign: Campaign, asOf: string | null) {
  const today = asOf ?? localDay(new Date());
  const opens = localDay(campaign.opens_at);
  const last = localDay(new Date(Date.parse(campaign.closes_at) - 1));
  if (today > last) return { name: t("front.closed"), value: t("front.closed_on", { day: day(last) }) };
  if (today < opens) return { name: t("front.days_left"), value: t("front.opens_on", { day: day(opens) }) };
  return {
    name: t("front.days_left"),
    value: t("front.days_left_value", { n: daysBetween(today, last) + 1 }),
  };
}

function schedule(now: Stats["ProgressAnswer"]) {
  if (now.pace.expected === null || now.pace.elapsed >= now.pace.days) return null;
  const ahead = now.count - now.pace.expected;
  return {
    name: t("front.progress_label"),
    value: ahead >= 0 ? t("front.ahead", { n: number(ahead) }) : t("front.behind", { n: number(-ahead) }),
  };
}

const FUNNEL: readonly Basis[] = ["submitted", "in_review", "approved", "rejected", "withdrawn"];

function Funnel({ bases }: { bases: Stats["Bases"] }) {
  return (
    <div class="funnel">
      <h2>{t("front.funnel")}</h2>
      <ul>
        {FUNNEL.map((basis) => (
          <li key={basis}>
            <span>{t(`basis.${basis}`)}</span>
            <strong>{number(bases[basis].count)}</strong>
            <ProgressBar value={bases[basis].count} max={bases.submitted.count} label={t(`basis.${basis}`)} />
          </li>
        ))}
      </ul>
      <p class="soft small">{t("front.funnel_note")}</p>
    </div>
  );
}

function Growth({ view, campaigns, name }: { view: View; campaigns: readonly Campaign[]; name: string }) {
  const curve = useQuery(viewKey("timeline", view), () => timeline(view), {
    refreshMs: view.asOf === null ? RARE_REFRESH_MS : undefined,
  });
  const [table, setTable] = useState(false);
  const shown = useMemo(
    () => (curve.data ? shownDays(curve.data, view.asOf ?? localDay(new Date())) : []),
    [curve.data, view.asOf],
  );
  const days = useMemo(() => shown.map((one) => one.day), [shown]);
  const series = [{ name: t("front.total"), values: shown.map((one) => one.cumulative) }];
  const [first, last] = [shown[0], shown.at(-1)];
  return (
    <section class="card">
      <h2>{t("front.growth")}</h2>
      {curve.data && first && last ? (
        <>
          <Stale problem={curve.problem} retry={curve.reload} />
          <Chart
            label={t("front.growth_label", {
              basis: t(`basis.${view.basis}`),
              unit: name,
              from: day(first.day),
              to: day(last.day),
              total: number(last.cumulative),
            })}
            days={days}
            series={series}
            spans={windows(campaigns, days, named)}
          />
          <details open={table} onToggle={(event) => setTable(event.currentTarget.open)}>
            <summary>{t("chart.table")}</summary>
            {table && (
              <DataTable
                caption={t("front.growth")}
                captionHidden
                rows={[...shown].reverse()}
                rowKey={(one) => one.day}
                columns={[
                  { name: t("front.day"), cell: (one) => day(one.day), head: true },
                  { name: t("front.of_day"), cell: (one) => number(one.count), number: true },
                  { name: t("front.total"), cell: (one) => number(one.cumulative), number: true },
                ]}
              />
            )}
          </details>
        </>
      ) : curve.problem ? (
        <Problem problem={curve.problem} retry={curve.reload} />
      ) : curve.data ? (
        <p class="empty">{t("front.nothing_counted")}</p>
      ) : (
        <Skeleton height={16} />
      )}
    </section>
  );
}

const MOST_ROWS = 20;

function Ranking({ view, to }: { view: View; to: (code: string) => string }) {
  const standing = useQuery(viewKey("children", view), () => children(view), {
    refreshMs: view.asOf === null ? RARE_REFRESH_MS : undefined,
  });
  // Clusters are facts of units, which another service knows: without it there is the plain ranking.
  const units = useQuery(`children-units:${view.unit}`, () => childrenOf(view.unit));
  const [query, setQuery] = useAddressQuery();
  const [whole, setWhole] = useState(false);
  if (standing.data && standing.data.items.length === 0) return null;
  const known = units.data ?? [];
  const clustered = known.some((unit) => unit.cluster);
  const byCluster = clustered && query.get("rank") !== "all";
  const items = standing.data?.items ?? [];
  return (
    <section class="card">
      <div class="section-head">
        <div>
          <h2>{t("front.ranking")}</h2>
          <p class="soft">
            {t("front.ranking_note")} {t("front.basis_named", { basis: t(`basis.${view.basis}`) })}.
          </p>
        </div>
        {clustered && (
          <fieldset class="switch" aria-label={t("front.ranking_view")}>
            <Button small pressed={byCluster} onClick={() => setQuery({ rank: null })}>
              {t("front.ranking_cluster")}
            </Button>
            <Button small pressed={!byCluster} onClick={() => setQuery({ rank: "all" })}>
              {t("front.ranking_all")}
            </Button>
          </fieldset>
        )}
      </div>
      <Stale problem={standing.data ? standing.problem : undefined} retry={standing.reload} />
      {standing.data ? (
        byCluster ? (
          clusters(items, known).map((cluster) => (
            <Standings
              key={cluster.name ?? ""}
              caption={cluster.name ?? t("front.no_cluster")}
              items={cluster.name === null && !whole ? cluster.items.slice(0, MOST_ROWS) : cluster.items}
              ranks={places(cluster.items)}
              to={to}
            />
          ))
        ) : (
          <Standings
            caption={t("front.ranking")}
            items={whole ? items : items.slice(0, MOST_ROWS)}
            ranks={items.map((item) => item.rank)}
            to={to}
            captionHidden
          />
        )
      ) : standing.problem ? (
        <Problem problem={standing.problem} retry={standing.reload} />
      ) : (
        <Skeleton height={24} />
      )}
      {!whole && items.length > MOST_ROWS && (
        <Button onClick={() => setWhole(true)}>{t("front.show_all", { n: items.length })}</Button>
      )}
    </section>
  );
}

function Standings({
  caption,
  items,
  ranks,
  to,
  captionHidden,
}: {
  caption: string;
  items: readonly Stats["StandingAnswer"][];
  ranks: readonly number[];
  to: (code: string) => string;
  captionHidden?: boolean;
}) {
  const place = new Map(items.map((item, index) => [item.unit, ranks[index] ?? item.rank]));
  return (
    <DataTable
      caption={caption}
      captionHidden={captionHidden}
      rows={items}
      rowKey={(item) => item.unit}
      columns={[
        {
          name: t("front.unit"),
          cell: (item) => <Link href={to(item.unit)}>{named(item)}</Link>,
          head: true,
        },
        { name: t("front.place"), cell: (item) => number(place.get(item.unit) ?? item.rank), number: true },
        { name: t("front.count"), cell: (item) => number(item.count), number: true },
        {
          name: t("front.target"),
          cell: (item) => (item.target === null ? "–" : number(item.target)),
          number: true,
        },
        {
          name: t("front.percent"),
          cell: (item) => (item.percent === null ? "–" : percent(item.percent)),
          number: true,
        },
      ]}
    />
  );
}

function Published({ unit }: { unit: string }) {
  const latest = usePublished("", unit === ROOT_UNIT ? null : unit, 5);
  const address = unit === ROOT_UNIT ? "/showcase" : `/showcase?unit=${encodeURIComponent(unit)}`;
  return (
    <section class="card">
      <h2>{t("front.showcase")}</h2>
      <p class="soft">{t("front.showcase_lead")}</p>
      {latest.data ? (
        <ShowcaseList items={latest.data.items} empty={t("front.showcase_empty")} />
      ) : latest.problem ? (
        <Problem problem={latest.problem} retry={latest.reload} />
      ) : (
        <Skeleton lines={6} />
      )}
      <ButtonLink to={address}>{t("front.showcase_all")}</ButtonLink>
    </section>
  );
}
