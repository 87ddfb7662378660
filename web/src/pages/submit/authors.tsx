// The authors with their shares, whose sum runs along.
import { person } from "../../auth/session";
import { Button } from "../../components/button";
import { Choices, TextInput } from "../../components/field";
import { t } from "../../i18n";
import { equalShares, type FormAuthor, sumOfShares } from "./form";
import { Entry, type StepProps } from "./steps";

const WHOLE = 10_000;

export function Authors({ props }: { props: StepProps }) {
  const authors = props.form.authors;
  const change = (index: number, changes: Partial<FormAuthor>): void =>
    props.set({ authors: authors.map((one, at) => (at === index ? { ...one, ...changes } : one)) });
  const lead = (index: number): void =>
    props.set({ authors: authors.map((one, at) => ({ ...one, lead: at === index })) });
  const share = (list: FormAuthor[]): FormAuthor[] => {
    const shares = equalShares(list.length);
    return list.map((one, at) => ({ ...one, share: shares[at] ?? "" }));
  };
  const wrong = props.errors.get("#/authors")?.detail;
  return (
    <fieldset class={`choices authors${wrong ? " wrong" : ""}`} data-pointer="#/authors">
      <legend class="hidden">{t("submit.step_authors")}</legend>
      <p class="help">{t("submit.authors_lead")}</p>
      {props.asked.get("#/authors") && <p class="asked">{props.asked.get("#/authors")}</p>}
      {wrong && <p class="error">{wrong}</p>}
      {authors.map((author, index) => (
        <Author
          key={index}
          props={props}
          author={author}
          index={index}
          change={(changes) => change(index, changes)}
          lead={() => lead(index)}
          remove={
            authors.length > 1
              ? () => props.set({ authors: authors.filter((_, at) => at !== index) })
              : undefined
          }
        />
      ))}
      <Sum authors={authors} />
      <div class="actions">
        <Button
          onClick={() =>
            props.set({
              authors: [...authors, { kind: "external", member: "", name: "", share: "", lead: false }],
            })
          }
        >
          {t("submit.add_author")}
        </Button>
        {authors.length > 1 && (
          <Button onClick={() => props.set({ authors: share(authors) })}>{t("submit.equal")}</Button>
        )}
      </div>
    </fieldset>
  );
}

function Author({
  props,
  author,
  index,
  change,
  lead,
  remove,
}: {
  props: StepProps;
  author: FormAuthor;
  index: number;
  change: (changes: Partial<FormAuthor>) => void;
  lead: () => void;
  remove: (() => void) | undefined;
}) {
  const me = person.value;
  const own = author.kind === "member" && me !== null && author.member === me.subject;
  const at = `#/authors/${index}`;
  const wrong = props.errors.get(at)?.detail;
  return (
    <div class="author" data-pointer={at}>
      <h3>{own && me ? t("submit.author_me", { name: me.name }) : t("submit.author", { n: index + 1 })}</h3>
      {wrong && <p class="error">{wrong}</p>}
      {!own && (
        <Choices
          legend={t("submit.author_kind")}
          inline
          value={author.kind}
          options={[
            { value: "external", label: t("submit.author_external") },
            { value: "member", label: t("submit.author_member") },
          ]}
          onChange={(kind) => change({ kind: kind as FormAuthor["kind"] })}
        />
      )}
      <div class="author-fields">
        {!own && author.kind === "member" && (
          <Entry
            props={props}
            pointer={`${at}/member_id`}
            label={t("submit.f_member")}
            help={t("submit.h_member")}
          >
            {(control) => (
              <TextInput
                control={control}
                value={author.member}
                onInput={(member) => change({ member: member.trim() })}
              />
            )}
          </Entry>
        )}
        {author.kind === "external" && (
          <Entry props={props} pointer={`${at}/external_name`} label={t("submit.f_name")}>
            {(control) => (
              <TextInput
                control={control}
                value={author.name}
                maxLength={100}
                onInput={(name) => change({ name })}
              />
            )}
          </Entry>
        )}
        <Entry props={props} pointer={`${at}/share`} label={t("submit.f_share")}>
          {(control) => (
            <TextInput
              control={control}
              size="short"
              inputMode="decimal"
              value={author.share}
              onInput={(typed) => change({ share: typed })}
            />
          )}
        </Entry>
      </div>
      <div class="actions">
        <label class="inline-check">
          <input type="radio" name="lead" checked={author.lead} onChange={lead} />
          {t("submit.lead_author")}
        </label>
        {remove && (
          <Button look="quiet" small onClick={remove} label={t("submit.remove_author", { n: index + 1 })}>
            {t("do.remove")}
          </Button>
        )}
      </div>
    </div>
  );
}

const shown = (hundredths: number): string =>
  `${Math.floor(hundredths / 100)},${String(hundredths % 100).padStart(2, "0")}`;

function Sum({ authors }: { authors: readonly FormAuthor[] }) {
  const sum = sumOfShares(authors);
  if (sum === null) {
    return (
      <p class="sum" role="status">
        {authors.some((author) => author.share !== "") ? t("submit.sum_unread") : ""}
      </p>
    );
  }
  return (
    <p class={`sum ${sum === WHOLE ? "right" : "off"}`} role="status">
      <strong>{t("submit.sum", { sum: shown(sum) })}</strong>
      {sum < WHOLE && <> – {t("submit.sum_left", { left: shown(WHOLE - sum) })}</>}
      {sum > WHOLE && <> – {t("submit.sum_over", { over: shown(sum - WHOLE) })}</>}
    </p>
  );
}
