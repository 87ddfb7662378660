// The review desk: what waits for a decision of mine, the most urgent first, with filters and keys to go through it.
import { Link } from "wouter-preact";
import { useQuery } from "../../api/query";
import { unitOf } from "../../api/reference";
import { Button } from "../../components/button";
import { PageHead, StateBadge } from "../../components/facts";
import { Field, Select, TextInput } from "../../components/field";
import { Problem, Stale } from "../../components/problem";
import { DataTable } from "../../components/table";
import { UnitName } from "../../components/unit";
import { Skeleton } from "../../components/waiting";
import { day, number } from "../../format";
import { named, said, t } from "../../i18n";
import { go, useAddressQuery } from "../../router";
import { Due } from "./due";
import { KeyHelp, useKeys } from "./keys";
import { filtered, type QueueState, todayHere, URGENCIES, urgency, useQueue, type Waiting } from "./queue";

export default function Desk() {
  const [query, setQuery] = useAddressQuery();
  const state: QueueState = query.get("state") === "revision_requested" ? "revision_requested" : "in_review";
  const queue = useQueue(state);
  const today = todayHere();
  const all = queue.data?.items ?? [];
  const filters = {
    due: query.get("due"),
    unit: query.get("unit"),
    level: query.get("level"),
    words: query.get("q") ?? "",
  };
  const shown = filtered(all, filters, today);
  const units = [...new Set(all.map((one) => one.unit))].sort();
  const levels = [...new Set(all.map((one) => String(one.level)))].sort();

  useKeys({
    j: () => step(1),
    k: () => step(-1),
    o: () => shown[0] && go(addressOf(shown[0])),
  });

  const suffix = query.toString();
  const addressOf = (one: Waiting): string => `/cases/${one.initiative_id}${suffix ? `?${suffix}` : ""}`;

  return (
    <>
      <PageHead title={t("review.title")} lead={t("review.lead")} />
      <div class="switch">
        {(["in_review", "revision_requested"] as const).map((one) => (
          <Button
            key={one}
            small
            pressed={state === one}
            onClick={() => setQuery({ state: one === "in_review" ? null : one, due: null })}
          >
            {t(one === "in_review" ? "review.waiting_me" : "review.with_author")}
          </Button>
        ))}
      </div>
      {queue.data ? (
        <>
          <Stale problem={queue.problem} retry={queue.reload} />
          {state === "in_review" && (
            <div class="tiles">
              {URGENCIES.map((one) => (
                <button
                  key={one}
                  type="button"
                  class={`tile ${one}`}
                  aria-pressed={filters.due === one ? "true" : "false"}
                  onClick={() => setQuery({ due: filters.due === one ? null : one })}
                >
                  <strong>{number(all.filter((item) => urgency(item, today) === one).length)}</strong>{" "}
                  <span>{said(`review.${one}`, one)}</span>
                </button>
              ))}
            </div>
          )}
          <div class="controls">
            <Field label={t("review.find")}>
              {(control) => (
                <TextInput
                  control={control}
                  inputMode="search"
                  value={filters.words}
                  onInput={(words) => setQuery({ q: words })}
                />
              )}
            </Field>
            {units.length > 1 && (
              <Field label={t("review.unit")}>
                {(control) => (
                  <UnitSelect
                    control={control}
                    units={units}
                    value={filters.unit ?? ""}
                    onChange={(unit) => setQuery({ unit })}
                  />
                )}
              </Field>
            )}
            {levels.length > 1 && (
              <Field label={t("review.level")}>
                {(control) => (
                  <Select
                    control={control}
                    empty={t("review.any")}
                    value={filters.level ?? ""}
                    options={levels.map((level) => ({ value: level, label: level }))}
                    onChange={(level) => setQuery({ level })}
                  />
                )}
              </Field>
            )}
          </div>
          <p role="status" class="soft">
            {t("review.shown", { n: shown.length, all: number(all.length) })}
            {queue.data.more && ` ${t("review.more_than_shown")}`}
          </p>
          <DataTable
            caption={t("review.queue")}
            captionHidden
            rows={shown}
            rowKey={(one) => one.initiative_id}
            empty={all.length === 0 ? t("review.empty") : t("review.none_match")}
            columns={[
              {
                name: t("review.initiative"),
                head: true,
                cell: (one) => (
                  <>
                    <Link href={addressOf(one)} data-case={one.initiative_id}>
                      {one.title ?? t("review.confidential")}
                    </Link>
                    <div class="soft small">
                      <span class="code">{one.code}</span>
                      {one.revision > 1 && (
                        <>
                          {" "}
                          <span class="badge">{t("review.revision", { n: one.revision })}</span>
                        </>
                      )}
                      {one.barred && (
                        <>
                          {" "}
                          <span class="badge warn">{t(one.own ? "review.own" : "review.other_level")}</span>
                        </>
                      )}
                    </div>
                  </>
                ),
              },
              { name: t("review.unit"), cell: (one) => <UnitName code={one.unit} /> },
              {
                name: t("review.level"),
                cell: (one) => t("review.level_of", { level: one.level, levels: one.levels }),
              },
              { name: t("review.submitted"), cell: (one) => day(one.submitted_at) },
              {
                name: t("review.due"),
                cell: (one) =>
                  state === "in_review" ? <Due on={one.due_on} /> : <StateBadge state={one.state} />,
              },
            ]}
          />
        </>
      ) : queue.problem ? (
        <Problem problem={queue.problem} retry={queue.reload} />
      ) : (
        <Skeleton height={24} />
      )}
      <KeyHelp
        keys={[
          ["J", t("review.key_next")],
          ["K", t("review.key_previous")],
          ["Enter", t("review.key_open")],
          ["O", t("review.key_first")],
        ]}
      />
    </>
  );
}

function UnitSelect({
  units,
  ...rest
}: { units: readonly string[] } & Omit<Parameters<typeof Select>[0], "options" | "empty">) {
  const known = useQuery(`review-units:${units.join()}`, () =>
    Promise.all(units.map((unit) => unitOf(unit).catch(() => undefined))),
  );
  return (
    <Select
      {...rest}
      empty={t("review.any")}
      options={units.map((unit, index) => {
        const found = known.data?.[index];
        return { value: unit, label: found ? named(found) : unit };
      })}
    />
  );
}

/** Moves the focus along the cases of the list. */
function step(by: 1 | -1): void {
  const links = [...document.querySelectorAll<HTMLElement>("a[data-case]")];
  const at = links.indexOf(document.activeElement as HTMLElement);
  const next = at < 0 ? links[by === 1 ? 0 : links.length - 1] : links[at + by];
  next?.focus();
}
