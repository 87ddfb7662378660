// The steps of the form: fields with the official rules as their help. Errors of the server, the wishes of a reviewer and
// what was changed stand at the field they mean.
import type { ComponentChildren } from "preact";
import type { FieldError } from "../../api/problem";
import { type Campaign, useBenefitLimits, useCampaigns, useFields } from "../../api/reference";
import { holds } from "../../auth/session";
import {
  Checkbox,
  Choices,
  type ControlProps,
  DayInput,
  Field,
  Select,
  TextArea,
  TextInput,
} from "../../components/field";
import { UnitPicker } from "../../components/unit";
import { day, moment, number, parseWhole, vnd } from "../../format";
import { locale, named, said, t } from "../../i18n";
import { vndWordsEn, vndWordsVi } from "../../money-words";
import { Authors } from "./authors";
import type { Form } from "./form";

export interface StepProps {
  form: Form;
  set: (changes: Partial<Form>) => void;
  /** By pointer, "#/title": what the server said of the field. */
  errors: ReadonlyMap<string, FieldError>;
  /** By pointer: what a reviewer asks for. */
  asked: ReadonlyMap<string, string>;
  /** Pointers of what differs from what was submitted. */
  changed: ReadonlySet<string>;
  /** Unit and campaign are fixed by the first submission. */
  fixed: boolean;
}

const TYPES = ["ky_thuat", "quan_ly", "tac_nghiep", "ung_dung_tien_bo_ky_thuat", "de_tai_khoa_hoc"] as const;

/** A field of the form with all that belongs to its pointer. */
export function Entry({
  props,
  pointer,
  label,
  help,
  required,
  optional,
  note,
  children,
}: {
  props: StepProps;
  pointer: string;
  label: string;
  help?: string;
  required?: boolean;
  optional?: boolean;
  note?: ComponentChildren;
  children: (control: ControlProps) => ComponentChildren;
}) {
  const asked = props.asked.get(pointer);
  return (
    <>
      <Field
        label={label}
        help={help}
        required={required}
        optional={optional}
        pointer={pointer}
        error={props.errors.get(pointer)?.detail}
        note={
          <>
            {note}
            {props.changed.has(pointer) && <span class="badge good">{t("submit.changed")}</span>}
          </>
        }
      >
        {(control) => (
          <>
            {asked && <Asked text={asked} />}
            {children(control)}
          </>
        )}
      </Field>
    </>
  );
}

function Asked({ text }: { text: string }) {
  return (
    <p class="asked">
      <strong>{t("submit.asked")}:</strong> {text}
    </p>
  );
}

export function Rules(props: StepProps) {
  const campaign = useChosen(props.form.campaign);
  const declared = props.form.declarations;
  const tick = (name: keyof Form["declarations"]) => (checked: boolean) =>
    props.set({ declarations: { ...declared, [name]: checked } });
  return (
    <>
      <section class="rules">
        <h3>{t("submit.what_counts")}</h3>
        <ul>
          <li>{t("submit.counts_new")}</li>
          <li>{t("submit.counts_applied")}</li>
          <li>{t("submit.counts_kind")}</li>
          {campaign && <li>{t("submit.counts_day", eligible(campaign))}</li>}
        </ul>
        <h3>{t("submit.what_not")}</h3>
        <ul>
          <li>{t("submit.not_recognised")}</li>
          <li>{t("submit.not_public")}</li>
          <li>{t("submit.not_protected")}</li>
        </ul>
        <p class="soft small">{t("submit.basis")}</p>
      </section>
      <fieldset class="choices">
        <legend>{t("submit.declare")}</legend>
        {(["not_recognised_elsewhere", "lawful", "no_ip_conflict"] as const).map((name) => (
          <Checkbox
            key={name}
            checked={declared[name]}
            onChange={tick(name)}
            label={t(`submit.declare_${name}`)}
            pointer={`#/declarations/${name}`}
            error={props.errors.get(`#/declarations/${name}`)?.detail}
          />
        ))}
      </fieldset>
    </>
  );
}

function useChosen(id: string): Campaign | undefined {
  return useCampaigns().data?.find((one) => one.id === id);
}

function eligible(campaign: Campaign): { from: string; to: string } {
  return { from: day(campaign.eligible_from), to: day(campaign.eligible_to) };
}

export function About(props: StepProps) {
  const { form, set } = props;
  const campaigns = useCampaigns();
  const fields = useFields();
  const campaign = useChosen(form.campaign);
  const now = new Date().toISOString();
  return (
    <>
      <Entry
        props={props}
        pointer="#/title"
        label={t("submit.f_title")}
        help={t("submit.h_title")}
        required
        note={t("field.chars", { used: form.title.length, most: 300 })}
      >
        {(control) => (
          <TextArea control={control} value={form.title} rows={2} onInput={(title) => set({ title })} />
        )}
      </Entry>
      <Choices
        legend={t("submit.f_type")}
        required
        value={form.solution_type}
        options={TYPES.map((value) => ({ value, label: t(`type.${value}`) }))}
        onChange={(solution_type) => set({ solution_type })}
        error={props.errors.get("#/solution_type")?.detail}
        help={props.asked.get("#/solution_type")}
        pointer="#/solution_type"
      />
      <Entry props={props} pointer="#/field" label={t("submit.f_field")} required>
        {(control) => (
          <Select
            control={control}
            value={form.field}
            empty={t("field.choose")}
            options={(fields.data ?? []).map((one) => ({ value: one.slug, label: one.name_vi }))}
            onChange={(field) => set({ field })}
          />
        )}
      </Entry>
      <Entry props={props} pointer="#/unit" label={t("submit.f_unit")} required>
        {(control) => (
          <UnitPicker
            control={control}
            value={form.unit}
            onChange={(unit) => set({ unit })}
            fixed={props.fixed}
          />
        )}
      </Entry>
      <Entry props={props} pointer="#/campaign" label={t("submit.f_campaign")} required>
        {(control) => (
          <Select
            control={control}
            value={form.campaign}
            empty={t("field.choose")}
            options={(campaigns.data ?? [])
              .filter((one) => !props.fixed || one.id === form.campaign)
              .map((one) => ({
                value: one.id,
                label:
                  one.opens_at <= now && now < one.closes_at
                    ? t("submit.campaign_until", { name: named(one), moment: moment(one.closes_at) })
                    : t("submit.campaign_other", { name: named(one) }),
              }))}
            onChange={(id) => set({ campaign: id })}
          />
        )}
      </Entry>
      <Entry
        props={props}
        pointer="#/first_applied_on"
        label={t("submit.f_first_applied")}
        help={campaign && t("submit.h_first_applied", eligible(campaign))}
        required
      >
        {(control) => (
          <DayInput
            control={control}
            value={form.first_applied_on}
            onChange={(first_applied_on) => set({ first_applied_on })}
          />
        )}
      </Entry>
      <Entry
        props={props}
        pointer="#/applied_where"
        label={t("submit.f_where")}
        help={t("submit.h_where")}
        optional
      >
        {(control) => (
          <TextInput
            control={control}
            value={form.applied_where}
            maxLength={300}
            onInput={(applied_where) => set({ applied_where })}
          />
        )}
      </Entry>
    </>
  );
}

const TEXTS = ["problem", "solution", "novelty", "applicability", "conditions"] as const;

export function Texts(props: StepProps) {
  return (
    <>
      {TEXTS.map((name) => (
        <Entry
          key={name}
          props={props}
          pointer={`#/${name}`}
          label={t(`submit.f_${name}`)}
          help={t(`submit.h_${name}`)}
          required={name !== "conditions"}
          optional={name === "conditions"}
        >
          {(control) => (
            <TextArea
              control={control}
              value={props.form[name]}
              maxLength={10_000}
              rows={name === "solution" ? 7 : 4}
              onInput={(text) => props.set({ [name]: text })}
            />
          )}
        </Entry>
      ))}
    </>
  );
}

export function People(props: StepProps) {
  return (
    <>
      <Authors props={props} />
      {(holds("support") || props.form.on_behalf_of !== "") && (
        <Entry
          props={props}
          pointer="#/on_behalf_of"
          label={t("submit.f_behalf")}
          help={t("submit.h_behalf")}
          optional
        >
          {(control) => (
            <TextInput
              control={control}
              size="medium"
              value={props.form.on_behalf_of}
              onInput={(on_behalf_of) => props.set({ on_behalf_of })}
            />
          )}
        </Entry>
      )}
    </>
  );
}

function inWords(amount: number): string {
  return locale.value === "vi" ? vndWordsVi(amount) : vndWordsEn(amount);
}

export function Effect(props: StepProps) {
  const { form, set } = props;
  const amount = parseWhole(form.declared);
  const recognition = form.recognition;
  const limits = useBenefitLimits().data;
  const confirmFrom = limits?.confirm_from_vnd ?? Number.POSITIVE_INFINITY;
  return (
    <>
      <Choices
        legend={t("submit.f_benefit")}
        required
        pointer="#/benefit"
        error={props.errors.get("#/benefit")?.detail}
        help={props.asked.get("#/benefit")}
        value={form.benefit}
        options={[
          { value: "money", label: t("submit.benefit_money") },
          { value: "social", label: t("submit.benefit_social"), help: t("submit.h_benefit_social") },
        ]}
        onChange={(benefit) => set({ benefit: benefit as Form["benefit"] })}
      />
      {form.benefit === "money" && (
        <>
          <Entry
            props={props}
            pointer="#/benefit/declared_vnd"
            label={t("submit.f_declared")}
            help={t("submit.h_declared")}
            required
            note={amount !== null && t("submit.words", { words: inWords(amount) })}
          >
            {(control) => (
              <TextInput
                control={control}
                size="medium"
                inputMode="numeric"
                value={amount === null ? form.declared : number(amount)}
                onInput={(declared) => set({ declared, confirmed: false })}
              />
            )}
          </Entry>
          {amount !== null && (amount >= confirmFrom || props.errors.has("#/benefit/confirmed")) && (
            <Checkbox
              checked={form.confirmed}
              onChange={(confirmed) => set({ confirmed })}
              label={t("submit.f_confirmed", { words: inWords(amount) })}
              help={
                limits && amount > limits.most_without_evidence_vnd
                  ? t("submit.h_evidence", { most: vnd(limits.most_without_evidence_vnd) })
                  : t("submit.h_confirmed")
              }
              error={props.errors.get("#/benefit/confirmed")?.detail}
              pointer="#/benefit/confirmed"
            />
          )}
          <Entry
            props={props}
            pointer="#/benefit/method"
            label={t("submit.f_method")}
            help={t("submit.h_method")}
            required
          >
            {(control) => (
              <TextArea control={control} value={form.method} onInput={(method) => set({ method })} />
            )}
          </Entry>
        </>
      )}
      {form.benefit !== "" && (
        <Entry
          props={props}
          pointer="#/benefit/social"
          label={t("submit.f_social")}
          required={form.benefit === "social"}
          optional={form.benefit === "money"}
        >
          {(control) => (
            <TextArea control={control} value={form.social} onInput={(social) => set({ social })} />
          )}
        </Entry>
      )}
      <Checkbox
        checked={form.recognised}
        onChange={(recognised) => set({ recognised })}
        label={t("submit.f_recognised")}
        help={t("submit.h_recognised")}
        pointer="#/recognition"
      />
      {form.recognised && (
        <div class="nested">
          {(["decision_no", "issuer", "level"] as const).map((name) => (
            <Entry
              key={name}
              props={props}
              pointer={`#/recognition/${name}`}
              label={t(`submit.f_${name}`)}
              help={name === "level" ? t("submit.h_level") : undefined}
              required
            >
              {(control) => (
                <TextInput
                  control={control}
                  size="medium"
                  value={recognition[name]}
                  onInput={(typed) => set({ recognition: { ...recognition, [name]: typed } })}
                />
              )}
            </Entry>
          ))}
          <Entry
            props={props}
            pointer="#/recognition/decided_on"
            label={t("submit.f_decided_on")}
            help={t("field.day_format")}
            required
          >
            {(control) => (
              <DayInput
                control={control}
                value={recognition.decided_on}
                onChange={(decided_on) => set({ recognition: { ...recognition, decided_on } })}
              />
            )}
          </Entry>
        </div>
      )}
    </>
  );
}

/** The name of a solution type or field for reading. */
export function typeName(value: string): string {
  return value ? said(`type.${value}`, value) : "";
}
