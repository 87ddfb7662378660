// One case: its content with the author's changes, its history, the decision. The content is another service's: when that
// is away the rest stays, and a decision can wait.
import { useState } from "preact/hooks";
import { full, ok, type Review, review, submission } from "../../api/client";
import { forget, useQuery } from "../../api/query";
import { holds } from "../../auth/session";
import { Button, ButtonLink } from "../../components/button";
import { Facts, PageHead, StateBadge } from "../../components/facts";
import { Panel, Problem, Stale } from "../../components/problem";
import { announce } from "../../components/status";
import { UnitName } from "../../components/unit";
import { Skeleton } from "../../components/waiting";
import { day } from "../../format";
import { said, t } from "../../i18n";
import { go, useAddressQuery } from "../../router";
import { compared } from "./content";
import { type Choice, Decide, type Draft, EMPTY, newItem } from "./decide";
import { Due } from "./due";
import { KeyHelp, useKeys } from "./keys";
import { filtered, neighbour, todayHere, useQueue } from "./queue";
import { caseFacts, ContentRows, History, Levels } from "./reading";

export default function CasePage({ id = "" }: { id?: string }) {
  // What is typed belongs to one case.
  return <OneCase key={id} id={id} />;
}

function OneCase({ id }: { id: string }) {
  const [query] = useAddressQuery();
  const reads = useQuery(`cases:one:${id}`, () =>
    full(review.GET("/v1/cases/{initiative_id}", { params: { path: { initiative_id: id } } })),
  );
  const reviewing = holds("support") || holds("reviewer");
  const queue = useQueue(
    query.get("state") === "revision_requested" ? "revision_requested" : "in_review",
    reviewing,
  );
  const [choice, setChoice] = useState<Choice | null>(null);
  const [draft, setDraft] = useState<Draft>(EMPTY);

  const one = reads.data?.data;
  const mine = one?.next_step.step === "decision" && one.next_step.mine;
  const inOrder = filtered(
    queue.data?.items ?? [],
    {
      due: query.get("due"),
      unit: query.get("unit"),
      level: query.get("level"),
      words: query.get("q") ?? "",
    },
    todayHere(),
  );
  const [next, previous] = [neighbour(inOrder, id, 1), neighbour(inOrder, id, -1)];
  const suffix = query.toString() ? `?${query.toString()}` : "";
  const open = (to: string): void => go(`/cases/${to}${suffix}`);
  const desk = (): void => go(`/cases${suffix}`);

  const decide = (chosen: Choice): void => {
    if (chosen === "request_revision" && draft.items.length === 0)
      setDraft({ ...draft, items: [newItem("#/problem")] });
    setChoice(chosen);
  };
  const ask = (pointer: string): void => {
    setDraft({ ...draft, items: [...draft.items.filter((item) => item.text), newItem(pointer)] });
    setChoice("request_revision");
  };

  useKeys({
    n: next && (() => open(next.initiative_id)),
    p: previous && (() => open(previous.initiative_id)),
    u: reviewing ? desk : undefined,
    v: mine ? () => decide("validate") : undefined,
    r: mine ? () => decide("request_revision") : undefined,
    x: mine ? () => decide("reject") : undefined,
  });

  if (!one) {
    return (
      <>
        <PageHead title={t("review.case")} />
        {reads.problem ? <Problem problem={reads.problem} retry={reads.reload} /> : <Skeleton height={24} />}
        {reviewing && <ButtonLink to={`/cases${suffix}`}>{t("review.to_queue")}</ButtonLink>}
      </>
    );
  }
  return (
    <div class="case">
      {reviewing && (
        <nav class="case-nav" aria-label={t("review.through_queue")}>
          <ButtonLink to={`/cases${suffix}`} small look="quiet">
            ← {t("review.queue")}
          </ButtonLink>
          <div class="switch">
            <Button small disabled={!previous} onClick={() => previous && open(previous.initiative_id)}>
              {t("review.previous")}
            </Button>
            <Button small disabled={!next} onClick={() => next && open(next.initiative_id)}>
              {t("review.next")}
            </Button>
          </div>
        </nav>
      )}
      <PageHead title={one.title ?? t("review.confidential")} lead={<StateBadge state={one.state} />} />
      <Stale problem={reads.problem} retry={reads.reload} />
      <div class="case-grid">
        <Body one={one} ask={mine ? ask : undefined} />
        <aside class="case-side" aria-label={t("review.case")}>
          <section class="card">
            <h2>{t("review.what_next")}</h2>
            <NextStep one={one} />
            <Levels one={one} />
          </section>
          <section class="card">
            <h2>{t("review.facts")}</h2>
            <Facts facts={caseFacts(one)} />
          </section>
          <section class="card">
            <h2>{t("review.history")}</h2>
            <History one={one} />
          </section>
        </aside>
      </div>
      {mine && (
        <div class="decide-bar" role="group" aria-label={t("review.decision")}>
          <Button look="primary" onClick={() => decide("validate")}>
            {t("review.do_validate")}
          </Button>
          <Button onClick={() => decide("request_revision")}>{t("review.do_request_revision")}</Button>
          <Button look="danger" onClick={() => decide("reject")}>
            {t("review.do_reject")}
          </Button>
        </div>
      )}
      <KeyHelp
        keys={[
          ["N", t("review.next")],
          ["P", t("review.previous")],
          ["U", t("review.to_queue")],
          ["V", t("review.do_validate")],
          ["R", t("review.do_request_revision")],
          ["X", t("review.do_reject")],
        ]}
      />
      <Decide
        one={one}
        etag={reads.data?.etag ?? ""}
        choice={choice}
        draft={draft}
        change={(changes) => setDraft((now) => ({ ...now, ...changes }))}
        close={() => setChoice(null)}
        reload={() => {
          setChoice(null);
          forget("cases:queue");
          reads.reload();
        }}
        done={(chosen) => {
          setChoice(null);
          announce(t(`review.done_${chosen}`, { code: one.code }));
          forget("cases:");
          forget("mine:");
          if (next) open(next.initiative_id);
          else desk();
        }}
      />
    </div>
  );
}

function NextStep({ one }: { one: Review["Case"] }) {
  const step = one.next_step;
  if (one.own && step.step === "decision")
    return <Panel look="warn" title={t("review.own")} children={<p>{t("review.own_what")}</p>} />;
  if (one.barred && step.step === "decision")
    return (
      <Panel look="warn" title={t("review.other_level")} children={<p>{t("review.other_level_what")}</p>} />
    );
  if (step.step === "revision") return <p>{t("review.with_author_what")}</p>;
  if (step.step === "none") return <p>{t("review.nothing_left")}</p>;
  return (
    <>
      <p>
        {step.mine ? <strong>{t("review.your_turn")}</strong> : t("review.waits_for")}{" "}
        {step.role && said(`role.${step.role}`, step.role)} ·{" "}
        {step.unit_name ?? (step.unit && <UnitName code={step.unit} />)}
      </p>
      <p>
        {t("review.due")}: <Due on={step.due_on} />
      </p>
    </>
  );
}

function Body({ one, ask }: { one: Review["Case"]; ask: ((pointer: string) => void) | undefined }) {
  const path = { id: one.initiative_id };
  const now = useQuery(`cases:content:${one.initiative_id}:${one.revision}`, () =>
    ok(submission.GET("/v1/initiatives/{id}", { params: { path } })),
  );
  const earlier = useQuery(
    one.revision > 1 ? `cases:earlier:${one.initiative_id}:${one.revision}` : null,
    () => ok(submission.GET("/v1/initiatives/{id}/revisions", { params: { path } })),
  );
  const before = earlier.data?.items.filter((item) => item.revision < one.revision).at(-1);
  const asked = one.history.filter((entry) => entry.what === "request_revision").at(-1)?.items ?? [];
  return (
    <section class="card case-content">
      <h2>{t("review.content")}</h2>
      {now.data ? (
        <>
          <Stale problem={now.problem} retry={now.reload} />
          {one.revision > 1 && (
            <p class="soft">
              {before
                ? t("review.compared", { n: one.revision, day: day(before.submitted_at) })
                : t("review.revision", { n: one.revision })}
            </p>
          )}
          {earlier.problem && <Problem problem={earlier.problem} retry={earlier.reload} />}
          <ContentRows
            rows={compared(now.data.content, before?.content)}
            asked={one.revision > 1 || one.state === "revision_requested" ? asked : []}
            ask={ask}
          />
        </>
      ) : now.problem ? (
        <Problem problem={now.problem} retry={now.reload} />
      ) : (
        <Skeleton lines={12} />
      )}
    </section>
  );
}
