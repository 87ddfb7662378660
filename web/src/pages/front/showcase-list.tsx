// Approved initiatives that may be published, as a list.
import { ok, type Submission, submission } from "../../api/client";
import { useQuery } from "../../api/query";
import { useFields } from "../../api/reference";
import { UnitName } from "../../components/unit";
import { day, vnd } from "../../format";
import { said, t } from "../../i18n";

const MOST_EMPTY = 5;

/** A page of what is published. A search for rare words may give empty pages on its way: they are passed over. */
export async function published(q: string, unit: string | null, limit: number, cursor?: string) {
  let page = await read(q, unit, limit, cursor);
  for (let tries = 0; page.items.length === 0 && page.next !== null && tries < MOST_EMPTY; tries += 1) {
    page = await read(q, unit, limit, page.next);
  }
  return page;
}

function read(q: string, unit: string | null, limit: number, cursor?: string) {
  return ok(
    submission.GET("/v1/showcase", {
      params: { query: { q: q || undefined, unit: unit ?? undefined, limit, cursor } },
    }),
  );
}

export function usePublished(q: string, unit: string | null, limit: number) {
  return useQuery(`showcase:${unit ?? ""}:${q}:${limit}`, () => published(q, unit, limit));
}

export function ShowcaseList({
  items,
  empty,
  heading: Heading = "h3",
}: {
  items: readonly Submission["Published"][];
  empty: string;
  /** One below the heading that it stands under. */
  heading?: "h2" | "h3";
}) {
  const fields = useFields();
  if (items.length === 0) return <p class="empty">{empty}</p>;
  const fieldName = (slug: string): string => fields.data?.find((one) => one.slug === slug)?.name_vi ?? slug;
  return (
    <ul class="entries">
      {items.map((item) => (
        <li key={item.code}>
          <Heading>{item.title}</Heading>
          <p>
            <UnitName code={item.unit} />
          </p>
          <p class="soft small">
            {fieldName(item.field)} · {said(`type.${item.solution_type}`, item.solution_type)} ·{" "}
            {t("front.approved_on", { day: day(item.approved_on) })} ·{" "}
            {t("front.author_count", { n: item.author_count })}
            {item.benefit_verified !== null ? (
              <> · {t("front.verified", { amount: vnd(item.benefit_verified) })}</>
            ) : (
              item.benefit_declared !== null && (
                <> · {t("front.declared", { amount: vnd(item.benefit_declared) })}</>
              )
            )}
            {" · "}
            <span class="code">{item.code}</span>
          </p>
        </li>
      ))}
    </ul>
  );
}
