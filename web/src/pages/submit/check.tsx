// The last step: all of it to read once more, what may be published, and the button that submits.
import type { ComponentChildren } from "preact";
import { useCampaigns, useFields } from "../../api/reference";
import { person } from "../../auth/session";
import { Button } from "../../components/button";
import { Checkbox } from "../../components/field";
import { UnitName } from "../../components/unit";
import { day, parseWhole, vnd } from "../../format";
import { named, t } from "../../i18n";
import type { Step } from "./form";
import { type StepProps, typeName } from "./steps";

export function Check({ edit, ...props }: StepProps & { edit: (step: Step) => void }) {
  const { form, set } = props;
  const fields = useFields();
  const campaign = useCampaigns().data?.find((one) => one.id === form.campaign);
  const field = fields.data?.find((one) => one.slug === form.field)?.name_vi ?? form.field;
  const amount = parseWhole(form.declared);
  const isDay = /^\d{4}-\d{2}-\d{2}$/.test(form.first_applied_on);
  return (
    <>
      <p>{t("submit.check_lead")}</p>
      <Part step="about" edit={edit}>
        <Row name={t("submit.f_title")} value={form.title} />
        <Row name={t("submit.f_type")} value={typeName(form.solution_type)} />
        <Row name={t("submit.f_field")} value={field} />
        <Row name={t("submit.f_unit")} value={form.unit && <UnitName code={form.unit} />} />
        <Row name={t("submit.f_campaign")} value={campaign ? named(campaign) : form.campaign} />
        <Row
          name={t("submit.f_first_applied")}
          value={isDay ? day(form.first_applied_on) : form.first_applied_on}
        />
        {form.applied_where && <Row name={t("submit.f_where")} value={form.applied_where} />}
      </Part>
      <Part step="content" edit={edit}>
        {(["problem", "solution", "novelty", "applicability", "conditions"] as const).map(
          (name) =>
            (name !== "conditions" || form.conditions) && (
              <Row key={name} name={t(`submit.f_${name}`)} value={form[name]} />
            ),
        )}
      </Part>
      <Part step="authors" edit={edit}>
        {form.authors.map((author, index) => (
          <Row
            key={index}
            name={author.lead ? t("submit.lead_author") : t("submit.author", { n: index + 1 })}
            value={`${authorName(author)} – ${author.share || "?"}%`}
          />
        ))}
      </Part>
      <Part step="benefit" edit={edit}>
        {form.benefit === "money" && (
          <>
            <Row name={t("submit.f_declared")} value={amount === null ? form.declared : vnd(amount)} />
            <Row name={t("submit.f_method")} value={form.method} />
          </>
        )}
        {form.benefit !== "money" && <Row name={t("submit.f_social")} value={form.social} />}
        {form.recognised && (
          <Row
            name={t("submit.f_recognised")}
            value={`${form.recognition.decision_no} – ${form.recognition.issuer}`}
          />
        )}
      </Part>
      <Checkbox
        checked={form.consent_to_publish}
        onChange={(consent_to_publish) => set({ consent_to_publish })}
        label={t("submit.f_consent")}
        help={t("submit.h_consent")}
        pointer="#/consent_to_publish"
        error={props.errors.get("#/consent_to_publish")?.detail}
      />
      <Checkbox
        checked={form.confidential}
        onChange={(confidential) => set({ confidential })}
        label={t("submit.f_confidential")}
        help={t("submit.h_confidential")}
        pointer="#/confidential"
        error={props.errors.get("#/confidential")?.detail}
      />
      <p class="soft">{t("submit.submit_note")}</p>
    </>
  );
}

function authorName(author: StepProps["form"]["authors"][number]): string {
  if (author.kind === "external") return author.name || t("submit.not_given");
  const me = person.value;
  return me !== null && author.member === me.subject ? me.name : author.member || t("submit.not_given");
}

function Part({
  step,
  edit,
  children,
}: {
  step: Step;
  edit: (step: Step) => void;
  children: ComponentChildren;
}) {
  return (
    <section class="part">
      <div class="section-head">
        <h3>{t(`submit.step_${step}`)}</h3>
        <Button
          small
          look="quiet"
          label={`${t("do.edit")}: ${t(`submit.step_${step}`)}`}
          onClick={() => edit(step)}
        >
          {t("do.edit")}
        </Button>
      </div>
      <dl>{children}</dl>
    </section>
  );
}

function Row({ name, value }: { name: string; value: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd class="prewrap">{value || <span class="missing">{t("submit.not_given")}</span>}</dd>
    </div>
  );
}
