// The form in steps: a new initiative, a draft, or a requested revision. What is typed is kept by draft.ts.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { ok, review, submission } from "../../api/client";
import { useQuery } from "../../api/query";
import { useCampaigns, useFields } from "../../api/reference";
import { person } from "../../auth/session";
import { Button, ButtonLink } from "../../components/button";
import { PageHead } from "../../components/facts";
import { Panel, Problem } from "../../components/problem";
import { Skeleton } from "../../components/waiting";
import { drop, type Kept, keep, keptOf } from "../../device/store";
import { moment } from "../../format";
import { t } from "../../i18n";
import { go, useAddressQuery } from "../../router";
import { Check } from "./check";
import { contentNow, type Draft, startNew, useDraft } from "./draft";
import { changedPointers, type Content, type Step, STEPS, stepOf } from "./form";
import { About, Effect, People, Rules, type StepProps, Texts } from "./steps";

export default function Submit({ id }: { id?: string }) {
  return id ? <Writing key={id} id={id} /> : <Begin />;
}

/** Goes on with what was begun on this device, or begins. */
function Begin() {
  const subject = person.value?.subject ?? "";
  const [begun, setBegun] = useState<Kept[] | null>(null);
  const start = async (): Promise<void> => {
    const fresh = await startNew(subject);
    await keep(fresh);
    go(`/submit/${fresh.id}`, { replace: true });
  };
  useEffect(() => {
    keptOf(subject).then((all) => {
      // What was opened and never touched is no draft.
      const touched = all.filter((one) => one.dirty || one.submitting !== null || one.serverId !== null);
      for (const one of all) if (!touched.includes(one)) drop(one.id);
      if (touched.length === 0) start();
      else setBegun(touched);
    });
  }, [subject]);
  if (begun === null) return <Skeleton lines={8} />;
  return (
    <>
      <PageHead title={t("submit.title")} lead={t("submit.lead")} />
      <h2>{t("submit.unfinished")}</h2>
      <ul class="entries">
        {begun.map((one) => (
          <li key={one.id}>
            <h3>{one.form.title || t("submit.untitled")}</h3>
            <p class="soft small">
              {t("submit.changed_at", { moment: moment(new Date(one.changedAt).toISOString()) })}
            </p>
            <div class="actions">
              <ButtonLink small to={`/submit/${one.id}`}>
                {t("do.open")}
              </ButtonLink>
              <Button
                small
                look="quiet"
                onClick={() => drop(one.id).then(() => setBegun(begun.filter((other) => other !== one)))}
              >
                {t("submit.discard")}
              </Button>
            </div>
          </li>
        ))}
      </ul>
      <Button look="primary" onClick={start}>
        {t("submit.start")}
      </Button>
    </>
  );
}

function Writing({ id }: { id: string }) {
  const draft = useDraft(id);
  if (draft.kept === null) {
    return draft.problem ? (
      <>
        <PageHead title={t("submit.title")} />
        <Problem problem={draft.problem} retry={() => location.reload()} />
      </>
    ) : (
      <Skeleton lines={12} />
    );
  }
  return <Steps draft={draft} kept={draft.kept} />;
}

/** What was submitted last and what a reviewer asks for, when this is a revision. */
function useRevision(serverId: string | null) {
  const there = useQuery(serverId && `initiative:${serverId}`, () =>
    ok(submission.GET("/v1/initiatives/{id}", { params: { path: { id: serverId ?? "" } } })),
  );
  const revised = there.data?.state === "revision_requested" ? there.data : null;
  const earlier = useQuery(revised && `initiative:${serverId}:revisions:${revised.version}`, () =>
    ok(submission.GET("/v1/initiatives/{id}/revisions", { params: { path: { id: serverId ?? "" } } })),
  );
  const found = useQuery(revised && `case:${serverId}`, () =>
    ok(review.GET("/v1/cases/{initiative_id}", { params: { path: { initiative_id: serverId ?? "" } } })),
  );
  const asked = found.data?.history.filter((entry) => entry.what === "request_revision").at(-1);
  const before =
    revised === null
      ? null
      : (earlier.data?.items.find((one) => one.revision === revised.revision)?.content ??
        (earlier.data ? revised.content : null));
  return { revised: revised !== null, asked, before: before as Content | null };
}

function Steps({ draft, kept }: { draft: Draft; kept: Kept }) {
  const [query, setQuery] = useAddressQuery();
  // Read with the first step, so that the lists are there if the link goes before their step comes.
  useFields();
  useCampaigns();
  const revision = useRevision(kept.serverId);
  const step: Step = STEPS.find((one) => one === query.get("step")) ?? (revision.revised ? "check" : "rules");
  const head = useRef<HTMLHeadingElement>(null);
  const errors = useMemo(() => new Map(draft.errors.map((error) => [error.pointer, error])), [draft.errors]);
  const asked = useMemo(
    () => new Map((revision.asked?.items ?? []).map((item) => [item.pointer, item.text])),
    [revision.asked],
  );
  const changed = new Set(revision.before ? changedPointers(revision.before, contentNow(kept)) : []);
  const props: StepProps = {
    form: kept.form,
    set: draft.set,
    errors,
    asked,
    changed,
    fixed: revision.revised,
  };
  const show = (to: Step): void => {
    go(`/submit/${kept.id}?step=${to}`);
    requestAnimationFrame(() => {
      window.scrollTo(0, 0);
      head.current?.focus({ preventScroll: true });
    });
  };
  const reach = (pointer: string): void => {
    setQuery({ step: stepOf(pointer) });
    requestAnimationFrame(() => requestAnimationFrame(() => focusOn(pointer)));
  };
  const send = async (): Promise<void> => {
    const code = await draft.submit();
    if (code !== null) go(`/receipts/${code}?done=1`, { replace: true });
    else window.scrollTo(0, 0);
  };
  const at = STEPS.indexOf(step);
  const [previous, next] = [STEPS[at - 1], STEPS[at + 1]];
  const title = revision.revised ? t("submit.title_edit") : t("submit.title");

  if (draft.queued) {
    return (
      <>
        <PageHead title={title} />
        <Panel look="warn" title={t("submit.queued")} role="status">
          <p>{t("submit.queued_what")}</p>
          <div class="actions">
            <Button look="primary" busy={draft.sending} onClick={send}>
              {t("submit.send_now")}
            </Button>
            <Button onClick={draft.resume}>{t("submit.queued_edit")}</Button>
          </div>
        </Panel>
      </>
    );
  }
  return (
    <>
      <PageHead title={title} lead={t("submit.lead")} />
      {draft.refused && <Refused draft={draft} reach={reach} />}
      {draft.saveState === "conflict" && <Conflict draft={draft} />}
      {asked.size > 0 && <Wishes asked={asked} note={revision.asked?.text ?? null} reach={reach} />}
      <div class="writing">
        <nav class="steps" aria-label={t("submit.steps")}>
          <ol>
            {STEPS.map((one, index) => (
              <li key={one}>
                <button
                  type="button"
                  aria-current={one === step ? "step" : undefined}
                  onClick={() => show(one)}
                >
                  <span aria-hidden="true">{index + 1}</span>
                  <span class="step-name">{t(`submit.step_${one}`)}</span>
                  {draft.errors.some((error) => stepOf(error.pointer) === one) && (
                    <span class="step-wrong">
                      <span aria-hidden="true">!</span>
                      <span class="hidden">{t("submit.step_wrong")}</span>
                    </span>
                  )}
                </button>
              </li>
            ))}
          </ol>
        </nav>
        <form
          class="card"
          noValidate
          onSubmit={(event) => {
            event.preventDefault();
            if (next) show(next);
            else send();
          }}
        >
          <p class="soft small">{t("submit.step", { n: at + 1, of: STEPS.length })}</p>
          <h2 ref={head} tabIndex={-1}>
            {t(`submit.step_${step}`)}
          </h2>
          {step === "rules" && <Rules {...props} />}
          {step === "about" && <About {...props} />}
          {step === "content" && <Texts {...props} />}
          {step === "authors" && <People {...props} />}
          {step === "benefit" && <Effect {...props} />}
          {step === "check" && <Check {...props} edit={show} />}
          <div class="actions step-end">
            {next ? (
              <Button type="submit" look="primary">
                {t("submit.next", { step: t(`submit.step_${next}`) })}
              </Button>
            ) : (
              <Button type="submit" look="primary" busy={draft.sending}>
                {revision.revised ? t("submit.resubmit") : t("submit.submit")}
              </Button>
            )}
            {previous && (
              <Button look="quiet" onClick={() => show(previous)}>
                {t("submit.previous", { step: t(`submit.step_${previous}`) })}
              </Button>
            )}
            <SaveNote draft={draft} />
          </div>
        </form>
      </div>
    </>
  );
}

function focusOn(pointer: string): void {
  const parts = pointer.split("/");
  // The field itself, or the nearest around it.
  for (let length = parts.length; length > 1; length -= 1) {
    const place = document.querySelector(`[data-pointer="${CSS.escape(parts.slice(0, length).join("/"))}"]`);
    if (place === null) continue;
    place.scrollIntoView({ block: "center" });
    place.querySelector<HTMLElement>("input, textarea, select, button, [tabindex]")?.focus();
    return;
  }
}

function SaveNote({ draft }: { draft: Draft }) {
  const said = {
    none: "",
    device: t("submit.save_device"),
    saving: t("submit.save_now"),
    server: t("submit.save_server"),
    refused: t("submit.save_refused"),
    conflict: "",
  }[draft.saveState];
  return (
    <p class="save-note" role="status">
      {said}
    </p>
  );
}

/** What is said of each field, below a button that leads to it. */
function Pointed({
  items,
  reach,
}: {
  items: readonly (readonly [pointer: string, text: string])[];
  reach: (pointer: string) => void;
}) {
  return (
    <ul class="pointed">
      {items.map(([pointer, text]) => (
        <li key={pointer + text}>
          <button type="button" class="link" onClick={() => reach(pointer)}>
            {labelOf(pointer)}
          </button>
          {text}
        </li>
      ))}
    </ul>
  );
}

function Refused({ draft, reach }: { draft: Draft; reach: (pointer: string) => void }) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => place.current?.focus(), [draft.errors]);
  return (
    <div ref={place} tabIndex={-1}>
      <Panel look="bad" title={draft.refused?.title || t("submit.refused")} role="alert">
        <p>
          {draft.errors.length > 0 ? t("problem.fields", { n: draft.errors.length }) : draft.refused?.detail}
        </p>
        {draft.errors.length > 0 && (
          <Pointed items={draft.errors.map((error) => [error.pointer, error.detail])} reach={reach} />
        )}
      </Panel>
    </div>
  );
}

function Wishes({
  asked,
  note,
  reach,
}: {
  asked: ReadonlyMap<string, string>;
  note: string | null;
  reach: (pointer: string) => void;
}) {
  return (
    <Panel look="warn" title={t("submit.asked_all")}>
      {note && <p class="prewrap">{note}</p>}
      <Pointed items={[...asked]} reach={reach} />
    </Panel>
  );
}

function Conflict({ draft }: { draft: Draft }) {
  return (
    <Panel look="warn" title={t("submit.conflict")} role="alert">
      <p>{t("submit.conflict_what")}</p>
      <div class="actions">
        <Button look="primary" onClick={draft.keepMine}>
          {t("submit.conflict_mine")}
        </Button>
        <Button onClick={draft.takeTheirs}>{t("submit.conflict_theirs")}</Button>
      </div>
    </Panel>
  );
}

/** The label of the field that a pointer means. */
export function labelOf(pointer: string): string {
  const [name, second, third] = pointer.replace(/^#\//, "").split("/");
  const labels: Record<string, string> = {
    title: t("submit.f_title"),
    solution_type: t("submit.f_type"),
    field: t("submit.f_field"),
    unit: t("submit.f_unit"),
    campaign: t("submit.f_campaign"),
    first_applied_on: t("submit.f_first_applied"),
    applied_where: t("submit.f_where"),
    problem: t("submit.f_problem"),
    solution: t("submit.f_solution"),
    novelty: t("submit.f_novelty"),
    applicability: t("submit.f_applicability"),
    conditions: t("submit.f_conditions"),
    on_behalf_of: t("submit.f_behalf"),
    confidential: t("submit.f_confidential"),
    consent_to_publish: t("submit.f_consent"),
    recognition: t("submit.f_recognised"),
    declarations: t("submit.declare"),
    benefit: t("submit.f_benefit"),
    authors: t("submit.step_authors"),
  };
  const inner: Record<string, string> = {
    declared_vnd: t("submit.f_declared"),
    method: t("submit.f_method"),
    social: t("submit.f_social"),
    decision_no: t("submit.f_decision_no"),
    decided_on: t("submit.f_decided_on"),
    issuer: t("submit.f_issuer"),
    level: t("submit.f_level"),
    not_recognised_elsewhere: t("submit.declare_not_recognised_elsewhere"),
    lawful: t("submit.declare_lawful"),
    no_ip_conflict: t("submit.declare_no_ip_conflict"),
    share: t("submit.f_share"),
    member_id: t("submit.f_member"),
    external_name: t("submit.f_name"),
  };
  if (name === "authors" && second !== undefined) {
    const author = t("submit.author", { n: Number(second) + 1 });
    return third && inner[third] ? `${author} – ${inner[third]}` : author;
  }
  return (second && inner[second]) || labels[name ?? ""] || pointer;
}
