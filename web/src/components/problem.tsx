// A failure in its place: what happened, what to do, a way to try again, and the code for support. The rest of the page
// goes on.
import type { ComponentChildren } from "preact";
import type { ApiProblem } from "../api/problem";
import { signIn, status } from "../auth/session";
import { t } from "../i18n";
import { Button } from "./button";

export function Problem({ problem, retry }: { problem: ApiProblem; retry?: () => void }) {
  const { title, what } = wording(problem);
  return (
    <Panel look="bad" title={title} role="alert">
      <p>{what}</p>
      {problem.errors.length > 0 && (
        <ul>
          {problem.errors.map((error) => (
            <li key={error.pointer + error.code}>{error.detail}</li>
          ))}
        </ul>
      )}
      {problem.trace && problem.status >= 500 && (
        <p class="soft small">{t("problem.trace", { trace: problem.trace })}</p>
      )}
      {problem.status === 401 && status.value !== "signed-in" ? (
        <Button look="primary" onClick={() => signIn()}>
          {t("auth.sign_in")}
        </Button>
      ) : (
        retry && <Button onClick={retry}>{t("do.retry")}</Button>
      )}
    </Panel>
  );
}

/** Older data are shown although the last refresh failed: one quiet line that says so. */
export function Stale({ problem, retry }: { problem: ApiProblem | undefined; retry: () => void }) {
  if (!problem) return null;
  return (
    <p class="stale" role="status">
      {t("problem.stale")}{" "}
      <Button look="quiet" small onClick={retry}>
        {t("do.retry")}
      </Button>
    </p>
  );
}

function wording(problem: ApiProblem): { title: string; what: string } {
  if (problem.kind === "offline") return { title: t("problem.offline"), what: t("problem.offline_what") };
  if (problem.kind === "unavailable")
    return { title: t("problem.unavailable"), what: t("problem.unavailable_what") };
  if (problem.status === 403 && !problem.detail)
    return { title: t("problem.not_allowed"), what: t("problem.not_allowed_what") };
  if (problem.status === 404)
    return { title: t("problem.not_found"), what: problem.detail || t("problem.not_found_what") };
  return { title: problem.title || t("problem.other"), what: problem.detail || t("problem.other_what") };
}

/** A framed message: good, bad, or plain. */
export function Panel({
  look,
  title,
  role,
  children,
}: {
  look: "good" | "bad" | "warn" | "plain";
  title: string;
  role?: "alert" | "status";
  children?: ComponentChildren;
}) {
  return (
    <section class={`panel ${look}`} role={role}>
      <h2>{title}</h2>
      {children}
    </section>
  );
}
