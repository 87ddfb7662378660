// One initiative: where it stands, what happened and what is next, what a reviewer asks for, its content, withdrawal.
import { useMemo, useState } from "preact/hooks";
import { full, newKey, ok, type Review, review, type Submission, submission } from "../../api/client";
import { type ApiProblem, asProblem } from "../../api/problem";
import { forget, useQuery } from "../../api/query";
import { useCampaigns, useFields } from "../../api/reference";
import { Button, ButtonLink } from "../../components/button";
import { Dialog } from "../../components/dialog";
import { Facts, PageHead, StateBadge } from "../../components/facts";
import { Field, TextArea } from "../../components/field";
import { Panel, Problem, Stale } from "../../components/problem";
import { announce } from "../../components/status";
import { UnitName } from "../../components/unit";
import { Skeleton } from "../../components/waiting";
import { day, vnd } from "../../format";
import { named, t } from "../../i18n";
import { go } from "../../router";
import { ContentView, Earlier } from "./content";
import { DeleteDraft } from "./delete-draft";
import { Timeline } from "./timeline";

const REFRESH_MS = 30_000;

export type Initiative = Submission["Initiative"];
export type Case = Review["Case"];

export default function InitiativePage({ id = "" }: { id?: string }) {
  const one = useQuery(
    `initiative:${id}`,
    () => ok(submission.GET("/v1/initiatives/{id}", { params: { path: { id } } })),
    { refreshMs: REFRESH_MS },
  );
  // Asked for at once, not after the other: each answer takes a while over a slow link.
  const found = useQuery(
    one.data?.state === "draft" ? null : `case:${id}`,
    () => ok(review.GET("/v1/cases/{initiative_id}", { params: { path: { initiative_id: id } } })),
    { refreshMs: REFRESH_MS },
  );
  const wishesOnTheirWay =
    one.data?.state === "revision_requested" && found.data === undefined && found.problem === undefined;
  if (!one.data || wishesOnTheirWay) {
    return (
      <>
        <PageHead title={t("mine.title")} />
        {one.problem ? <Problem problem={one.problem} retry={one.reload} /> : <Skeleton height={24} />}
      </>
    );
  }
  const acts = one.data.acts;
  const asked = one.data.state === "revision_requested" ? lastRequest(found.data) : undefined;
  return (
    <>
      <PageHead
        title={one.data.content.title ?? t("mine.untitled")}
        lead={<StateBadge state={one.data.state} />}
      >
        {acts.includes("edit") && !asked && (
          <ButtonLink to={`/submit/${id}`} look="primary">
            {one.data.state === "draft" ? t("mine.continue") : t("mine.revise")}
          </ButtonLink>
        )}
        {acts.includes("withdraw") && <Withdraw id={id} done={one.reload} />}
        {acts.includes("delete") && <DeleteDraft id={id} done={() => go("/initiatives")} />}
      </PageHead>
      <Stale problem={one.problem} retry={one.reload} />
      {asked && <Asked entry={asked} id={id} />}
      <Known one={one.data} />
      <section class="card">
        <h2>{t("mine.timeline")}</h2>
        <Timeline one={one.data} found={found.data} />
        {/* The case comes a moment after the submission: its absence is no failure. */}
        {found.problem && found.problem.status !== 404 && !found.data && (
          <p class="stale" role="status">
            {t("mine.timeline_away")}
          </p>
        )}
      </section>
      <section class="card">
        <h2>{one.data.state === "draft" ? t("mine.content_draft") : t("mine.content")}</h2>
        <ContentView content={one.data.content} />
      </section>
      {one.data.revision > 1 || one.data.state === "revision_requested" ? <Earlier one={one.data} /> : null}
    </>
  );
}

function lastRequest(found: Case | undefined): Review["Entry"] | undefined {
  return found?.history.filter((entry) => entry.what === "request_revision").at(-1);
}

function Asked({ entry, id }: { entry: Review["Entry"]; id: string }) {
  return (
    <Panel look="warn" title={t("mine.asked")}>
      {entry.text && <p class="prewrap">{entry.text}</p>}
      <ul>
        {entry.items.map((item) => (
          <li key={item.pointer + item.code}>{item.text}</li>
        ))}
      </ul>
      <ButtonLink to={`/submit/${id}`} look="primary">
        {t("mine.revise")}
      </ButtonLink>
    </Panel>
  );
}

function Known({ one }: { one: Initiative }) {
  const campaign = useCampaigns().data?.find((known) => known.id === one.campaign);
  const field = useFields().data?.find((known) => known.slug === one.content.field);
  return (
    <section class="card">
      <h2>{t("mine.facts")}</h2>
      <Facts
        facts={[
          one.code !== null && {
            name: t("mine.code"),
            value: (
              <>
                <span class="code">{one.code}</span>
                <br />
                <ButtonLink small look="quiet" to={`/receipts/${one.code}`}>
                  {t("mine.receipt")}
                </ButtonLink>
              </>
            ),
          },
          { name: t("submit.f_unit"), value: <UnitName code={one.unit} /> },
          one.campaign !== null && {
            name: t("submit.f_campaign"),
            value: campaign ? named(campaign) : one.campaign,
          },
          one.content.field !== null && {
            name: t("submit.f_field"),
            value: field?.name_vi ?? one.content.field,
          },
          one.expected_answer_on !== null && {
            name: t("submit.receipt_answer"),
            value: day(one.expected_answer_on),
          },
          one.benefit_verified !== null && {
            name: t("mine.verified"),
            value: vnd(one.benefit_verified),
          },
        ]}
      />
    </section>
  );
}

function Withdraw({ id, done }: { id: string; done: () => void }) {
  const [open, setOpen] = useState(false);
  const [reason, setReason] = useState("");
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<ApiProblem>();
  // One act, however often it is tried.
  const key = useMemo(newKey, [open]);
  const withdraw = async (): Promise<void> => {
    setBusy(true);
    setProblem(undefined);
    try {
      // The newest version: a step of the review in between does not stand in the way.
      const now = await full(submission.GET("/v1/initiatives/{id}", { params: { path: { id } } }));
      await ok(
        submission.POST("/v1/initiatives/{id}/withdraw", {
          params: { path: { id }, header: { "Idempotency-Key": key, "If-Match": now.etag } },
          body: { reason: reason.trim() || null },
        }),
      );
      setOpen(false);
      announce(t("mine.withdrawn"));
      forget("initiatives:");
      forget(`case:${id}`);
      done();
    } catch (error) {
      setProblem(asProblem(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      <Button look="danger" onClick={() => setOpen(true)}>
        {t("mine.withdraw")}
      </Button>
      <Dialog
        open={open}
        title={t("mine.withdraw")}
        onClose={() => setOpen(false)}
        actions={
          <>
            <Button look="danger" busy={busy} onClick={withdraw}>
              {t("mine.withdraw_do")}
            </Button>
            <Button look="quiet" onClick={() => setOpen(false)}>
              {t("do.cancel")}
            </Button>
          </>
        }
      >
        {problem && <Problem problem={problem} />}
        <p>{t("mine.withdraw_what")}</p>
        <Field label={t("mine.withdraw_reason")} optional>
          {(control) => (
            <TextArea control={control} value={reason} onInput={setReason} maxLength={1000} rows={3} />
          )}
        </Field>
      </Dialog>
    </>
  );
}
