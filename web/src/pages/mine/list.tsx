// My initiatives by state, with what lies only on this device above them.
import { useEffect, useRef, useState } from "preact/hooks";
import { Link } from "wouter-preact";
import { ok, type Submission, submission } from "../../api/client";
import { person } from "../../auth/session";
import { Button, ButtonLink } from "../../components/button";
import { LoadMore, PageHead, StateBadge } from "../../components/facts";
import { usePages } from "../../components/pages";
import { Problem, Stale } from "../../components/problem";
import { UnitName } from "../../components/unit";
import { Skeleton } from "../../components/waiting";
import { waiting } from "../../device/outbox";
import { type Kept, keptOf } from "../../device/store";
import { day, localDay } from "../../format";
import { t } from "../../i18n";
import { useAddressQuery } from "../../router";
import { DeleteDraft } from "./delete-draft";

const STATES = [
  "draft",
  "submitted",
  "in_review",
  "revision_requested",
  "approved",
  "rejected",
  "withdrawn",
] as const;
const PAGE = 20;

export default function Mine() {
  const [query, setQuery] = useAddressQuery();
  const state = STATES.find((one) => one === query.get("state"));
  const list = usePages(`initiatives:${state ?? ""}`, (cursor) =>
    ok(submission.GET("/v1/initiatives", { params: { query: { state, limit: PAGE, cursor } } })),
  );
  // What was sent from this device meanwhile is on the server now, and no longer in what was read.
  const queued = waiting.value.count;
  const seen = useRef(queued);
  useEffect(() => {
    if (seen.current === queued) return;
    seen.current = queued;
    list.reload();
  }, [queued]);
  return (
    <>
      <PageHead title={t("mine.title")} lead={t("mine.lead")}>
        <ButtonLink to="/submit" look="primary">
          {t("mine.new")}
        </ButtonLink>
      </PageHead>
      {!state && <OnDevice known={list.items ?? []} />}
      <fieldset class="switch states" aria-label={t("mine.filter")}>
        <Button small pressed={!state} onClick={() => setQuery({ state: null })}>
          {t("mine.all")}
        </Button>
        {STATES.map((one) => (
          <Button key={one} small pressed={state === one} onClick={() => setQuery({ state: one })}>
            {t(`state.${one}`)}
          </Button>
        ))}
      </fieldset>
      {list.items ? (
        <>
          <Stale problem={list.problem} retry={list.reload} />
          {list.items.length === 0 ? (
            <p class="empty">
              {state ? (
                t("mine.empty_state")
              ) : (
                <>
                  <strong>{t("mine.empty")}</strong>
                  <br />
                  {t("mine.empty_what")}
                </>
              )}
            </p>
          ) : (
            <ul class="stack">
              {list.items.map((one) => (
                <Tile key={one.id} one={one} changed={list.reload} />
              ))}
            </ul>
          )}
          <LoadMore more={list.more} busy={list.busy} onClick={list.loadMore} />
        </>
      ) : list.problem ? (
        <Problem problem={list.problem} retry={list.reload} />
      ) : (
        <Skeleton height={24} />
      )}
    </>
  );
}

function Tile({ one, changed }: { one: Submission["Listed"]; changed: () => void }) {
  const writable = one.state === "draft" || one.state === "revision_requested";
  return (
    <li class="card tile">
      <div>
        <h2>
          <Link href={one.state === "draft" ? `/submit/${one.id}` : `/initiatives/${one.id}`}>
            {one.title ?? t("mine.untitled")}
          </Link>
        </h2>
        <p class="soft small">
          <UnitName code={one.unit} />
          {" · "}
          {one.submitted_at
            ? t("mine.submitted_on", { day: day(localDay(one.submitted_at)) })
            : t("mine.created_on", { day: day(localDay(one.created_at)) })}
          {one.state === "in_review" && one.levels > 0 && (
            <> · {t("mine.level", { level: one.level, levels: one.levels })}</>
          )}
          {one.code && (
            <>
              {" · "}
              <span class="code">{one.code}</span>
            </>
          )}
        </p>
      </div>
      <div class="actions">
        <StateBadge state={one.state} />
        {one.state === "draft" && <DeleteDraft id={one.id} small done={changed} />}
        {writable && (
          <ButtonLink small to={`/submit/${one.id}`} look={one.state === "draft" ? "secondary" : "primary"}>
            {one.state === "draft" ? t("mine.continue") : t("mine.revise")}
          </ButtonLink>
        )}
      </div>
    </li>
  );
}

function OnDevice({ known }: { known: readonly Submission["Listed"][] }) {
  const subject = person.value?.subject ?? "";
  const [here, setHere] = useState<Kept[]>([]);
  // Changes whenever something was sent from here.
  const queue = waiting.value;
  useEffect(() => {
    keptOf(subject).then((all) => setHere(all.filter((one) => one.dirty || one.submitting !== null)));
  }, [subject, queue]);
  const ids = new Set(known.map((one) => one.id));
  const only = here.filter((one) => one.serverId === null || !ids.has(one.serverId) || one.submitting);
  if (only.length === 0) return null;
  return (
    <ul class="stack">
      {only.map((one) => (
        <li key={one.id} class="card tile">
          <div>
            <h2>
              <Link href={`/submit/${one.id}`}>{one.form.title || t("mine.untitled")}</Link>
            </h2>
            <p class="soft small">{t("mine.on_device")}</p>
          </div>
          <ButtonLink small to={`/submit/${one.id}`}>
            {t("mine.continue")}
          </ButtonLink>
        </li>
      ))}
    </ul>
  );
}
