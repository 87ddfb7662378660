// The units below one, ranked against their targets: who is behind, what is allotted with a running sum, the export.
import { useState } from "preact/hooks";
import { Link } from "wouter-preact";
import { full, stats } from "../../api/client";
import { ApiProblem, asProblem } from "../../api/problem";
import { useQuery } from "../../api/query";
import { Button } from "../../components/button";
import { Panel, Problem, Stale } from "../../components/problem";
import { announce } from "../../components/status";
import { DataTable } from "../../components/table";
import { Skeleton } from "../../components/waiting";
import { saveCsv, saveXlsx } from "../../export";
import { number, parseWhole, percent } from "../../format";
import { named, t } from "../../i18n";
import { useAddressQuery } from "../../router";
import { children, type View, viewKey } from "../front/figures";
import {
  allotted,
  behind,
  changedTargets,
  sheetOf,
  type Standing,
  timeOver,
  type Typed,
  typedOf,
} from "./figures";
import { useProgress } from "./funnel";

const REFRESH_MS = 60_000;

export function Children({
  view,
  to,
  allots,
}: {
  view: View;
  to: (code: string) => string;
  /** Whether targets may be changed here, as far as one's grants tell; the API decides. */
  allots: boolean;
}) {
  const [query, setQuery] = useAddressQuery();
  const [allotting, setAllotting] = useState(false);
  const below = useQuery(viewKey("children", view), () => children(view), {
    refreshMs: allotting ? undefined : REFRESH_MS,
  });
  const own = useProgress(view);
  const over = own.data ? timeOver(own.data) : null;
  const items = below.data?.items ?? [];
  const late = items.filter((one) => behind(one, over));
  const only = query.get("show") === "behind";
  const shown = only ? late : items;
  if (below.data && items.length === 0) return null;
  const file = `${view.unit}-${view.campaign}`;
  return (
    <section class="card">
      <div class="section-head">
        <div>
          <h2>{t("unit.children")}</h2>
          {over !== null && (
            <p class="soft">
              {t("unit.time_over", { over: percent(over) })} {t("unit.behind_count", { n: late.length })}
            </p>
          )}
        </div>
        {below.data && !allotting && (
          <div class="actions">
            <Button small pressed={only} onClick={() => setQuery({ show: only ? null : "behind" })}>
              {t("unit.only_behind")}
            </Button>
            <Button small onClick={() => saveCsv(sheetOf(file, shown, over))}>
              {t("unit.csv")}
            </Button>
            <Button
              small
              onClick={() => {
                saveXlsx(sheetOf(file, shown, over)).catch(() => announce(t("problem.offline"), "bad"));
              }}
            >
              {t("unit.xlsx")}
            </Button>
            {allots && (
              <Button small look="primary" onClick={() => setAllotting(true)}>
                {t("unit.allot")}
              </Button>
            )}
          </div>
        )}
      </div>
      {below.data ? (
        <>
          <Stale problem={below.problem} retry={below.reload} />
          {allotting ? (
            <Allotting
              items={items}
              view={view}
              own={own.data?.target ?? null}
              close={() => setAllotting(false)}
              reload={below.reload}
            />
          ) : (
            <Standings items={shown} over={over} to={to} />
          )}
        </>
      ) : below.problem ? (
        <Problem problem={below.problem} retry={below.reload} />
      ) : (
        <Skeleton height={24} />
      )}
    </section>
  );
}

function Standings({
  items,
  over,
  to,
}: {
  items: readonly Standing[];
  over: number | null;
  to: (code: string) => string;
}) {
  return (
    <DataTable
      caption={t("unit.children")}
      captionHidden
      rows={items}
      rowKey={(one) => one.unit}
      empty={t("unit.nobody_behind")}
      columns={[
        { name: t("unit.name"), cell: (one) => <Link href={to(one.unit)}>{named(one)}</Link>, head: true },
        { name: t("unit.rank"), cell: (one) => number(one.rank), number: true },
        { name: t("basis.approved"), cell: (one) => number(one.count), number: true },
        {
          name: t("unit.target"),
          cell: (one) => (one.target === null ? "–" : number(one.target)),
          number: true,
        },
        {
          name: t("unit.reached"),
          cell: (one) => (one.percent === null ? "–" : percent(one.percent)),
          number: true,
        },
        { name: t("basis.submitted"), cell: (one) => number(one.bases.submitted.count), number: true },
        { name: t("basis.in_review"), cell: (one) => number(one.bases.in_review.count), number: true },
        {
          name: t("unit.pace"),
          cell: (one) =>
            one.target === null || over === null ? (
              "–"
            ) : behind(one, over) ? (
              <span class="badge warn">{t("unit.behind")}</span>
            ) : (
              <span class="badge good">{t("unit.on_pace")}</span>
            ),
        },
      ]}
    />
  );
}

function Allotting({
  items,
  view,
  own,
  close,
  reload,
}: {
  items: readonly Standing[];
  view: View;
  own: number | null;
  close: () => void;
  reload: () => void;
}) {
  // What stood when the allotting began: a target that someone else changes meanwhile is not overwritten unseen.
  const [base, setBase] = useState(items);
  const [typed, setTyped] = useState<Typed>({});
  const [wrong, setWrong] = useState<Readonly<Record<string, string>>>({});
  const [problem, setProblem] = useState<ApiProblem | undefined>();
  const [busy, setBusy] = useState(false);
  const sum = allotted(base, typed);
  const changed = changedTargets(base, typed);

  const save = async (): Promise<void> => {
    setBusy(true);
    setProblem(undefined);
    const faults: Record<string, string> = {};
    const saved = new Map<string, number | null>();
    for (const one of changed) {
      try {
        saved.set(one.unit, await allot(view.campaign, one, typedOf(one, typed)));
      } catch (error) {
        const found = asProblem(error);
        if (found.passing || found.status === 401) {
          setProblem(found);
          break;
        }
        faults[one.unit] = found.errors[0]?.detail ?? (found.detail || found.title);
      }
    }
    setBusy(false);
    setWrong(faults);
    setBase(base.map((one) => (saved.has(one.unit) ? { ...one, target: saved.get(one.unit) ?? null } : one)));
    // Read anew, not forgotten: what is typed for the others stays on the page.
    reload();
    if (saved.size > 0) announce(t("unit.saved", { n: saved.size }));
    if (saved.size === changed.length) close();
  };

  return (
    <form
      class="allotting"
      onSubmit={(event) => {
        event.preventDefault();
        save();
      }}
    >
      {problem && <Problem problem={problem} />}
      {Object.keys(wrong).length > 0 && (
        <Panel look="bad" role="alert" title={t("problem.fields", { n: Object.keys(wrong).length })} />
      )}
      <DataTable
        caption={t("unit.allot")}
        captionHidden
        rows={base}
        rowKey={(one) => one.unit}
        columns={[
          { name: t("unit.name"), cell: (one) => named(one), head: true },
          { name: t("basis.approved"), cell: (one) => number(one.count), number: true },
          {
            name: t("unit.target"),
            number: true,
            cell: (one) => (
              <span class="target-input">
                <input
                  class="input short"
                  inputMode="numeric"
                  autoComplete="off"
                  aria-label={t("unit.target_of", { unit: named(one) })}
                  aria-invalid={wrong[one.unit] ? "true" : undefined}
                  aria-describedby={wrong[one.unit] ? `wrong-${one.unit}` : undefined}
                  value={typedOf(one, typed)}
                  onInput={(event) => setTyped({ ...typed, [one.unit]: event.currentTarget.value })}
                />
                {wrong[one.unit] && (
                  <span class="error" id={`wrong-${one.unit}`}>
                    {wrong[one.unit]}
                  </span>
                )}
              </span>
            ),
          },
        ]}
      />
      <div class="allot-bar">
        <p role="status">
          {t("unit.sum", { sum: number(sum) })}{" "}
          {own !== null && (
            <span class={`badge ${sum < own ? "warn" : "good"}`}>
              {sum < own
                ? t("unit.sum_left", { left: number(own - sum), own: number(own) })
                : t("unit.sum_over", { over: number(sum - own), own: number(own) })}
            </span>
          )}
        </p>
        <div class="actions">
          <Button look="primary" type="submit" busy={busy} disabled={changed.length === 0}>
            {t("unit.save", { n: changed.length })}
          </Button>
          <Button onClick={close}>{t("do.cancel")}</Button>
        </div>
      </div>
    </form>
  );
}

/** Sets one target if it is still what was seen; the new one. Throws ApiProblem. */
async function allot(campaign: string, seen: Standing, text: string): Promise<number | null> {
  const path = { campaign, unit: seen.unit };
  const now = await full(stats.GET("/v1/targets/{campaign}/{unit}", { params: { path } }));
  if (now.data.target !== seen.target) {
    const value = now.data.target === null ? "–" : number(now.data.target);
    throw new ApiProblem({
      kind: "api",
      status: 412,
      code: "target-changed",
      detail: t("unit.changed", { value }),
    });
  }
  // What is no number goes as it is, so that the API says what is wrong with it.
  const target = text.trim() === "" ? null : (parseWhole(text) ?? (text as unknown as number));
  const params = { path, header: { "If-Match": now.etag } };
  return (await full(stats.PUT("/v1/targets/{campaign}/{unit}", { params, body: { target } }))).data.target;
}
