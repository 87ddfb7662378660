// The content of an initiative for reading, and what changed between two submissions.
import type { ComponentChildren } from "preact";
import { ok, type Submission, submission } from "../../api/client";
import { useQuery } from "../../api/query";
import { person } from "../../auth/session";
import { Problem } from "../../components/problem";
import { Skeleton } from "../../components/waiting";
import { day, moment, vnd } from "../../format";
import { said, t } from "../../i18n";
import { changedPointers } from "../submit/form";
import { labelOf } from "../submit/submit";
import type { Initiative } from "./initiative";

type Content = Submission["Content"];

const TEXTS = [
  "problem",
  "solution",
  "novelty",
  "applicability",
  "applied_where",
  "conditions",
] as const satisfies readonly (keyof Content)[];

export function ContentView({ content }: { content: Content }) {
  return (
    <dl class="reading">
      <Row
        name={t("submit.f_type")}
        value={content.solution_type && said(`type.${content.solution_type}`, content.solution_type)}
      />
      <Row
        name={t("submit.f_first_applied")}
        value={content.first_applied_on && day(content.first_applied_on)}
      />
      {TEXTS.map((name) => (
        <Row key={name} name={labelOf(`#/${name}`)} value={content[name]} />
      ))}
      <Row name={t("submit.step_authors")} value={content.authors && <Authors authors={content.authors} />} />
      {content.benefit && (
        <>
          <Row
            name={t("submit.f_declared")}
            value={typeof content.benefit.declared_vnd === "number" && vnd(content.benefit.declared_vnd)}
          />
          <Row name={t("submit.f_method")} value={content.benefit.method} />
          <Row name={t("submit.f_social")} value={content.benefit.social} />
        </>
      )}
      {content.recognition && (
        <Row
          name={t("submit.f_recognised")}
          value={[
            content.recognition.decision_no,
            content.recognition.decided_on && day(content.recognition.decided_on),
            content.recognition.issuer,
            content.recognition.level,
          ]
            .filter(Boolean)
            .join(" – ")}
        />
      )}
    </dl>
  );
}

function Row({ name, value }: { name: string; value: ComponentChildren }) {
  if (!value) return null;
  return (
    <div>
      <dt>{name}</dt>
      <dd class="prewrap">{value}</dd>
    </div>
  );
}

function Authors({ authors }: { authors: NonNullable<Content["authors"]> }) {
  const me = person.value;
  return (
    <ul class="plain">
      {authors.map((author, index) => (
        <li key={index}>
          {author.member_id && me?.subject === author.member_id
            ? t("submit.author_me", { name: me.name })
            : (author.external_name ?? author.member_id)}{" "}
          – {(author.share ?? "").replace(".", ",")}%{author.lead && <> · {t("submit.lead_author")}</>}
        </li>
      ))}
    </ul>
  );
}

/** What was submitted before, with each change beside what it became. */
export function Earlier({ one }: { one: Initiative }) {
  const earlier = useQuery(`initiative:${one.id}:revisions:${one.version}`, () =>
    ok(submission.GET("/v1/initiatives/{id}/revisions", { params: { path: { id: one.id } } })),
  );
  if (!earlier.data) {
    return earlier.problem ? (
      <Problem problem={earlier.problem} retry={earlier.reload} />
    ) : (
      <Skeleton lines={3} />
    );
  }
  const items = earlier.data.items;
  if (items.length === 0) return null;
  return (
    <section class="card">
      <h2>{t("mine.earlier")}</h2>
      {items.map((before, index) => (
        <details key={before.revision} open={index === items.length - 1}>
          <summary>
            {t("mine.earlier_one", { revision: before.revision, moment: moment(before.submitted_at) })}
          </summary>
          <Changes before={before.content} after={items[index + 1]?.content ?? one.content} />
        </details>
      ))}
    </section>
  );
}

export function Changes({ before, after }: { before: Content; after: Content }) {
  const pointers = changedPointers(before, after);
  if (pointers.length === 0) return <p class="soft">{t("mine.earlier_same")}</p>;
  return (
    <dl class="changes">
      {pointers.map((pointer) => {
        const name = pointer.slice(2) as keyof Content;
        return (
          <div key={pointer}>
            <dt>{labelOf(pointer)}</dt>
            <dd>
              <span class="soft small">{t("mine.before")}</span>
              <del class="prewrap">{shown(before[name])}</del>
            </dd>
            <dd>
              <span class="soft small">{t("mine.after")}</span>
              <ins class="prewrap">{shown(after[name])}</ins>
            </dd>
          </div>
        );
      })}
    </dl>
  );
}

function shown(value: unknown): string {
  if (value === null || value === undefined || value === "") return t("submit.not_given");
  if (typeof value === "string") return /^\d{4}-\d{2}-\d{2}$/.test(value) ? day(value) : value;
  if (typeof value === "number") return vnd(value);
  if (typeof value === "boolean") return value ? "✓" : "–";
  if (Array.isArray(value)) return value.map(shown).join("\n");
  return Object.values(value)
    .filter((part) => part !== null && part !== false)
    .map(shown)
    .join(" · ");
}
