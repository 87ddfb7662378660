// Small things that many pages show: the state of an initiative, a list of named facts, a page's head, load more.
import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { said, t } from "../i18n";
import { Button } from "./button";

export function StateBadge({ state }: { state: string }) {
  return <span class={`badge state-${state}`}>{said(`state.${state}`, state)}</span>;
}

export interface Fact {
  name: string;
  value: ComponentChildren;
}

export function Facts({ facts }: { facts: readonly (Fact | false | null | undefined)[] }) {
  return (
    <dl class="facts">
      {facts.map(
        (fact) =>
          fact && (
            <div key={fact.name}>
              <dt>{fact.name}</dt>
              <dd>{fact.value}</dd>
            </div>
          ),
      )}
    </dl>
  );
}

/** The head of a page: it also names the document, so that tabs and history are told apart. */
export function PageHead({
  title,
  lead,
  children,
}: {
  title: string;
  lead?: ComponentChildren;
  children?: ComponentChildren;
}) {
  useEffect(() => {
    document.title = `${title} – ${t("app.name")}`;
  }, [title]);
  return (
    <header class="page-head">
      <div>
        <h1 tabIndex={-1}>{title}</h1>
        {lead && <p class="lead">{lead}</p>}
      </div>
      {children && <div class="actions">{children}</div>}
    </header>
  );
}

export function LoadMore({ more, busy, onClick }: { more: boolean; busy: boolean; onClick: () => void }) {
  if (!more) return null;
  return (
    <p class="more">
      <Button busy={busy} onClick={onClick}>
        {t("do.more")}
      </Button>
    </p>
  );
}
