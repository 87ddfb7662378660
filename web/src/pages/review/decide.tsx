// A decision on a case: what is written is kept until it is sent, what the API finds wrong stands at its field, and when
// someone else was faster that is said in their place.
import { useRef, useState } from "preact/hooks";
import { full, newKey, type Review, review } from "../../api/client";
import { type ApiProblem, asProblem } from "../../api/problem";
import { Button } from "../../components/button";
import { Dialog } from "../../components/dialog";
import { Field, Select, TextArea, TextInput } from "../../components/field";
import { Panel, Problem } from "../../components/problem";
import { number, parseWhole } from "../../format";
import { said, t } from "../../i18n";
import { amount, type Item, POINTERS } from "./content";

type Case = Review["Case"];
export type Choice = Review["Decision"]["decision"];

/** What was written for one case, kept while its page is open. */
export interface Draft {
  text: string;
  reason: string;
  benefit: string;
  items: Item[];
}

export const EMPTY: Draft = { text: "", reason: "", benefit: "", items: [] };
export const ITEM_CODES = ["too-vague", "missing", "incorrect", "evidence-missing", "other"] as const;

export function newItem(pointer: string): Item {
  return { pointer, code: ITEM_CODES[0], text: "" };
}

/** The case as it was read is no longer what the server has. */
function overtaken(problem: ApiProblem): boolean {
  return problem.status === 409 || problem.status === 412;
}

export function Decide({
  one,
  etag,
  choice,
  draft,
  change,
  close,
  reload,
  done,
}: {
  one: Case;
  etag: string;
  choice: Choice | null;
  draft: Draft;
  change: (changes: Partial<Draft>) => void;
  close: () => void;
  reload: () => void;
  done: (choice: Choice, outcome: Review["Outcome"]) => void;
}) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<ApiProblem | undefined>();
  // One key for an act and its repetitions: other content is another act.
  const act = useRef({ content: "", key: "" });

  const send = async (): Promise<void> => {
    if (choice === null) return;
    const body = bodyOf(one, choice, draft);
    const content = JSON.stringify([etag, body]);
    if (act.current.content !== content) act.current = { content, key: newKey() };
    setBusy(true);
    setProblem(undefined);
    try {
      const path = { initiative_id: one.initiative_id };
      const header = { "If-Match": etag, "Idempotency-Key": act.current.key };
      const answer = await full(
        review.POST("/v1/cases/{initiative_id}/decisions", { params: { path, header }, body }),
      );
      done(choice, answer.data);
    } catch (error) {
      setProblem(asProblem(error));
    } finally {
      setBusy(false);
    }
  };

  const late = problem && overtaken(problem);
  const at = (pointer: string): string | undefined =>
    problem?.errors.find((error) => error.pointer === pointer)?.detail;
  const elsewhere = problem && !late && problem.errors.length === 0 ? problem : undefined;
  return (
    <Dialog
      open={choice !== null}
      title={choice ? t(`review.do_${choice}`) : ""}
      onClose={() => {
        setProblem(undefined);
        close();
      }}
      actions={
        late ? (
          <Button
            look="primary"
            onClick={() => {
              setProblem(undefined);
              reload();
            }}
          >
            {t("review.reload")}
          </Button>
        ) : (
          <>
            <Button look={choice === "reject" ? "danger" : "primary"} busy={busy} onClick={send}>
              {choice && t(`review.send_${choice}`)}
            </Button>
            <Button onClick={close}>{t("do.cancel")}</Button>
          </>
        )
      }
    >
      {late && (
        <Panel look="warn" role="alert" title={problem.title || t("review.overtaken")}>
          <p>{problem.detail || t("review.overtaken_what")}</p>
        </Panel>
      )}
      {elsewhere && <Problem problem={elsewhere} />}
      {problem && problem.errors.length > 0 && (
        <Panel look="bad" role="alert" title={t("problem.fields", { n: problem.errors.length })} />
      )}
      {choice === "validate" && (
        <>
          <p>{t(one.level === one.levels ? "review.validate_last" : "review.validate_next")}</p>
          <Field
            label={t("review.verified")}
            optional
            help={t("review.verified_help", {
              declared: one.benefit_declared_vnd === null ? "–" : number(one.benefit_declared_vnd),
            })}
            error={at("#/verified_benefit_vnd")}
            note={amount(parseWhole(draft.benefit)) ?? undefined}
          >
            {(control) => (
              <TextInput
                control={control}
                inputMode="numeric"
                size="medium"
                value={draft.benefit}
                onInput={(text) => {
                  const value = parseWhole(text);
                  change({ benefit: value === null ? text : number(value) });
                }}
              />
            )}
          </Field>
        </>
      )}
      {choice === "request_revision" && (
        <Items items={draft.items} change={(items) => change({ items })} at={at} />
      )}
      {choice === "reject" && (
        <Field label={t("review.reason")} required error={at("#/reason_code")}>
          {(control) => (
            <Select
              control={control}
              empty={t("field.choose")}
              value={draft.reason}
              options={one.reject_reasons.map((reason) => ({ value: reason.code, label: reason.text }))}
              onChange={(reason) => change({ reason })}
            />
          )}
        </Field>
      )}
      <Field
        label={t(choice === "reject" ? "review.reject_text" : "review.note")}
        required={choice === "reject"}
        optional={choice !== "reject"}
        help={choice === "reject" ? t("review.reject_help") : undefined}
        error={at("#/text")}
      >
        {(control) => (
          <TextArea
            control={control}
            value={draft.text}
            maxLength={4000}
            onInput={(text) => change({ text })}
          />
        )}
      </Field>
    </Dialog>
  );
}

function Items({
  items,
  change,
  at,
}: {
  items: readonly Item[];
  change: (items: Item[]) => void;
  at: (pointer: string) => string | undefined;
}) {
  const set = (index: number, changes: Partial<Item>): void =>
    change(items.map((item, other) => (other === index ? { ...item, ...changes } : item)));
  return (
    <>
      <p>{t("review.items_lead")}</p>
      {at("#/items") && <p class="error">{at("#/items")}</p>}
      {items.map((item, index) => (
        <fieldset key={index} class="item">
          <legend>{t("review.item", { n: index + 1 })}</legend>
          <div class="item-pair">
            <Field label={t("review.item_field")} error={at(`#/items/${index}/pointer`)}>
              {(control) => (
                <Select
                  control={control}
                  value={item.pointer}
                  options={POINTERS.map((one) => ({ value: one.pointer, label: t(one.label) }))}
                  onChange={(pointer) => set(index, { pointer })}
                />
              )}
            </Field>
            <Field label={t("review.item_code")} error={at(`#/items/${index}/code`)}>
              {(control) => (
                <Select
                  control={control}
                  value={item.code}
                  options={ITEM_CODES.map((code) => ({
                    value: code,
                    label: said(`review.code_${code}`, code),
                  }))}
                  onChange={(code) => set(index, { code })}
                />
              )}
            </Field>
          </div>
          <Field label={t("review.item_text")} required error={at(`#/items/${index}/text`)}>
            {(control) => (
              <TextArea
                control={control}
                rows={2}
                maxLength={1000}
                value={item.text}
                onInput={(text) => set(index, { text })}
              />
            )}
          </Field>
          <Button
            small
            look="quiet"
            label={t("review.item_remove", { n: index + 1 })}
            onClick={() => change(items.filter((_, other) => other !== index))}
          >
            {t("do.remove")}
          </Button>
        </fieldset>
      ))}
      <p>
        <Button small onClick={() => change([...items, newItem("#/problem")])}>
          {t("review.item_add")}
        </Button>
      </p>
    </>
  );
}

function bodyOf(one: Case, choice: Choice, draft: Draft): Review["Decision"] {
  return {
    decision: choice,
    expected_level: one.level,
    items: choice === "request_revision" ? draft.items : [],
    reason_code: choice === "reject" ? draft.reason || null : null,
    text: draft.text.trim() || null,
    verified_benefit_vnd: choice === "validate" ? benefitOf(draft.benefit) : null,
    decided_at: null,
  };
}

/** The number that was typed; what is none goes as it is, so that the API says so at the field. */
function benefitOf(typed: string): number | null {
  if (!typed.trim()) return null;
  return parseWhole(typed) ?? (typed as unknown as number);
}
