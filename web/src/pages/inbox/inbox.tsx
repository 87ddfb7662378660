// What the platform told me, newest first; reading marks as read, also many at once.
import { useState } from "preact/hooks";
import { type Notify, notify, ok } from "../../api/client";
import { asProblem, problemOf } from "../../api/problem";
import { forget } from "../../api/query";
import { Button, ButtonLink } from "../../components/button";
import { LoadMore, PageHead } from "../../components/facts";
import { usePages } from "../../components/pages";
import { Problem, Stale } from "../../components/problem";
import { announce } from "../../components/status";
import { Skeleton } from "../../components/waiting";
import { moment } from "../../format";
import { locale, t } from "../../i18n";
import { go, useAddressQuery } from "../../router";
import { unreadChanged } from "./unread";

const PAGE = 20;

async function markRead(id: string): Promise<void> {
  const { response, error } = await notify.POST("/v1/inbox/{entry_id}/read", {
    params: { path: { entry_id: id } },
  });
  if (!response.ok) throw problemOf(response, error);
}

export default function Inbox() {
  const [query, setQuery] = useAddressQuery();
  const unread = query.get("unread") === "1";
  const list = usePages(
    `inbox:${unread}:${locale.value}`,
    (cursor) =>
      ok(
        notify.GET("/v1/inbox", { params: { query: { unread: unread || undefined, limit: PAGE, cursor } } }),
      ),
    { refreshMs: 60_000 },
  );
  const [read, setRead] = useState<ReadonlySet<string>>(new Set());
  const [busy, setBusy] = useState(false);
  const isNew = (entry: Notify["Entry"]): boolean => entry.unread && !read.has(entry.id);

  const mark = async (entries: readonly Notify["Entry"][]): Promise<void> => {
    setBusy(true);
    try {
      for (const entry of entries) await markRead(entry.id);
      setRead(new Set([...read, ...entries.map((entry) => entry.id)]));
      forget("inbox:");
      unreadChanged();
    } catch (error) {
      announce(asProblem(error).title || t("problem.offline"), "bad");
    } finally {
      setBusy(false);
    }
  };

  const fresh = (list.items ?? []).filter(isNew);
  return (
    <>
      <PageHead title={t("inbox.title")}>
        <ButtonLink to="/preferences">{t("inbox.preferences")}</ButtonLink>
      </PageHead>
      <div class="section-head inbox-head">
        <fieldset class="switch" aria-label={t("inbox.which")}>
          <Button small pressed={!unread} onClick={() => setQuery({ unread: null })}>
            {t("inbox.all")}
          </Button>
          <Button small pressed={unread} onClick={() => setQuery({ unread: "1" })}>
            {t("inbox.unread")}
          </Button>
        </fieldset>
        {fresh.length > 1 && (
          <Button small look="quiet" busy={busy} onClick={() => mark(fresh)}>
            {t("inbox.read_all")}
          </Button>
        )}
      </div>
      {list.items ? (
        <>
          <Stale problem={list.problem} retry={list.reload} />
          {list.items.length === 0 && (
            <p class="empty">{unread ? t("inbox.empty_unread") : t("inbox.empty")}</p>
          )}
          <ul class="stack messages">
            {list.items.map((entry) => (
              <li key={entry.id} class={`card${isNew(entry) ? " unread" : ""}`}>
                <h2>
                  {isNew(entry) && <span class="badge warn">{t("inbox.new")}</span>} {entry.title}
                </h2>
                <p class="prewrap">{entry.body}</p>
                <div class="actions">
                  <time class="soft small" dateTime={entry.at}>
                    {moment(entry.at)}
                  </time>
                  <Button
                    small
                    onClick={() => {
                      if (isNew(entry)) mark([entry]);
                      go(addressOf(entry));
                    }}
                  >
                    {entry.kind === "assigned"
                      ? t("inbox.open_case")
                      : entry.kind === "target_reached"
                        ? t("inbox.open_unit")
                        : t("inbox.open")}
                  </Button>
                  {isNew(entry) && (
                    <Button small look="quiet" onClick={() => mark([entry])}>
                      {t("inbox.read")}
                    </Button>
                  )}
                </div>
              </li>
            ))}
          </ul>
          <LoadMore more={list.more} busy={list.busy} onClick={list.loadMore} />
        </>
      ) : list.problem ? (
        <Problem problem={list.problem} retry={list.reload} />
      ) : (
        <Skeleton height={24} />
      )}
    </>
  );
}

/** Where a message leads within the portal; its address may name the host by another name. */
export function addressOf(entry: Pick<Notify["Entry"], "url">): string {
  const at = entry.url.indexOf("#");
  return at < 0 ? "/" : entry.url.slice(at + 1);
}
