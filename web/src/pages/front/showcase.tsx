// All approved initiatives that may be published, searched with or without diacritics.
import { useEffect, useState } from "preact/hooks";
import type { Submission } from "../../api/client";
import { asProblem } from "../../api/problem";
import { useUnit } from "../../api/reference";
import { Button } from "../../components/button";
import { LoadMore, PageHead } from "../../components/facts";
import { Field, TextInput } from "../../components/field";
import { Problem } from "../../components/problem";
import { announce } from "../../components/status";
import { Skeleton } from "../../components/waiting";
import { named, t } from "../../i18n";
import { useAddressQuery } from "../../router";
import { published, ShowcaseList, usePublished } from "./showcase-list";

const PAGE = 20;

export default function Showcase() {
  const [query, setQuery] = useAddressQuery();
  const q = query.get("q") ?? "";
  const code = query.get("unit");
  const unit = useUnit(code);
  const [typed, setTyped] = useState(q);
  const first = usePublished(q, code, PAGE);
  const [more, setMore] = useState<Submission["Published"][]>([]);
  const [next, setNext] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);

  useEffect(() => {
    setMore([]);
    setNext(first.data?.next ?? null);
  }, [first.data]);

  const loadMore = async (): Promise<void> => {
    if (next === null) return;
    setBusy(true);
    try {
      const page = await published(q, code, PAGE, next);
      setMore([...more, ...page.items]);
      setNext(page.next);
    } catch (error) {
      announce(asProblem(error).title || t("problem.offline"), "bad");
    } finally {
      setBusy(false);
    }
  };

  return (
    <>
      <PageHead title={t("front.showcase")} lead={t("front.showcase_lead")} />
      <form
        class="searching"
        role="search"
        onSubmit={(event) => {
          event.preventDefault();
          setQuery({ q: typed.trim() });
        }}
      >
        <Field label={t("front.showcase_search")}>
          {(control) => (
            <TextInput
              control={control}
              value={typed}
              onInput={setTyped}
              maxLength={200}
              inputMode="search"
            />
          )}
        </Field>
        <Button type="submit" look="primary">
          {t("do.search")}
        </Button>
      </form>
      {code && (
        <p>
          {t("front.showcase_unit", { unit: unit ? named(unit) : code })}{" "}
          <Button look="quiet" small onClick={() => setQuery({ unit: null })}>
            {t("do.clear")}
          </Button>
        </p>
      )}
      {first.data ? (
        <div class="card">
          <ShowcaseList
            heading="h2"
            items={[...first.data.items, ...more]}
            empty={q ? t("front.showcase_none") : t("front.showcase_empty")}
          />
          <LoadMore more={next !== null} busy={busy} onClick={loadMore} />
        </div>
      ) : first.problem ? (
        <Problem problem={first.problem} retry={first.reload} />
      ) : (
        <Skeleton height={24} />
      )}
    </>
  );
}
