// The frame around every page: header, navigation, the page itself with its guards, footer, status region.
import { type ComponentType, h } from "preact";
import { useEffect, useErrorBoundary, useState } from "preact/hooks";
import { Route, Router, Switch, useLocation, useSearch } from "wouter-preact";
import { notify, ok } from "./api/client";
import { useQuery } from "./api/query";
import { holds, person, type Role, resume, signIn, signOut, status } from "./auth/session";
import { Button, ButtonLink } from "./components/button";
import { PageHead } from "./components/facts";
import { Panel } from "./components/problem";
import { announce, StatusRegion } from "./components/status";
import { UnitName } from "./components/unit";
import { Skeleton } from "./components/waiting";
import { Queue } from "./device/queue-bar";
import { locale, setLocale, t } from "./i18n";
import { unreadVersion } from "./pages/inbox/unread";
import { ICONS, PAGES, type Page, type Parameters } from "./pages/registry";
import { useHashPath, useHashSearch } from "./router";

const UNREAD_MS = 60_000;
const SIGN_IN_AGAIN_MS = 20_000;

export function App() {
  return (
    <Router hook={useHashPath} searchHook={useHashSearch}>
      <Frame />
    </Router>
  );
}

function Frame() {
  const [path] = useLocation();
  useEffect(() => {
    // A new page: from its top, read from its heading.
    const heading = document.querySelector<HTMLElement>("main h1");
    if (document.body.dataset.visited) {
      window.scrollTo(0, 0);
      heading?.focus({ preventScroll: true });
    }
    document.body.dataset.visited = "true";
  }, [path]);
  return (
    <>
      <button type="button" class="skip button" onClick={() => document.getElementById("main")?.focus()}>
        {t("app.skip")}
      </button>
      <Header path={path} />
      <SessionBar />
      <Queue />
      <main id="main" tabIndex={-1}>
        <Switch>
          {PAGES.map((page) => (
            <Route key={page.path} path={page.path}>
              {(params) => <Guarded page={page} params={params as Parameters} />}
            </Route>
          ))}
          <Route path="/sign-in">
            <SignInNow />
          </Route>
          <Route>
            <NotFound />
          </Route>
        </Switch>
      </main>
      <Footer />
      <StatusRegion />
    </>
  );
}

export function allowed(who: Page["who"]): boolean {
  if (who === "public") return true;
  if (person.value === null) return false;
  return who === "signed-in" || who.some((role: Role) => holds(role));
}

function Guarded({ page, params }: { page: Page; params: Parameters }) {
  if (page.who !== "public" && person.value === null) {
    if (status.value === "starting") return <Skeleton lines={6} />;
    return <SignInNeeded />;
  }
  if (!allowed(page.who)) {
    return (
      <>
        <PageHead title={t("auth.forbidden")} lead={t("auth.forbidden_what")} />
        <ButtonLink to="/">{t("app.home")}</ButtonLink>
      </>
    );
  }
  return <Loaded key={page.path} page={page} params={params} />;
}

const loaded = new Map<Page["load"], ComponentType<Parameters>>();

function Loaded({ page, params }: { page: Page; params: Parameters }) {
  const [, redraw] = useState(0);
  const [failed, setFailed] = useState(false);
  const [fault, reset] = useErrorBoundary((error: unknown) => console.error(error));
  const component = loaded.get(page.load);
  const load = (): void => {
    setFailed(false);
    page.load().then(
      (module) => {
        loaded.set(page.load, module.default);
        redraw((n) => n + 1);
      },
      () => setFailed(true),
    );
  };
  useEffect(() => {
    if (!component) load();
  }, [page]);
  if (failed || fault) {
    return (
      <Panel look="bad" title={t("app.page_failed")} role="alert">
        <p>{t("app.page_failed_what")}</p>
        <Button
          onClick={() => {
            // A part that could not be fetched stays failed in this document; a fault may be mended by drawing anew.
            if (fault) reset();
            else location.reload();
          }}
        >
          {t("do.retry")}
        </Button>
      </Panel>
    );
  }
  return component ? h(component, params) : <Skeleton lines={8} />;
}

function Header({ path }: { path: string }) {
  const [open, setOpen] = useState(false);
  const unread = useUnread();
  useEffect(() => setOpen(false), [path]);
  const shown = PAGES.filter(
    (page) => page.nav && (page.who === "public" || allowed(page.who) || page.nav.icon === "pen"),
  );
  return (
    <header class="top">
      <div class="bar-top">
        <a class="brand" href="#/">
          <img src="/icon.svg" alt="" width="32" height="32" />
          <span>{t("app.name")}</span>
        </a>
        <div class="top-end">
          <Button
            look="quiet"
            small
            onClick={() => {
              const other = locale.value === "vi" ? "en" : "vi";
              setLocale(other).catch(() => announce(t("problem.offline"), "bad"));
            }}
          >
            <span class="wide" lang={locale.value === "vi" ? "en" : "vi"}>
              {t("app.other_language")}
            </span>
            <span class="narrow" aria-hidden="true">
              {locale.value === "vi" ? "EN" : "VI"}
            </span>
          </Button>
          <Account />
          <button
            type="button"
            class="button quiet icon menu"
            aria-expanded={open ? "true" : "false"}
            aria-controls="nav"
            onClick={() => setOpen(!open)}
          >
            <svg viewBox="0 0 24 24" aria-hidden="true">
              <path d={open ? "m6 6 12 12M18 6 6 18" : "M4 7h16M4 12h16M4 17h16"} />
            </svg>
            <span class="hidden">{t("app.menu")}</span>
            {unread > 0 && <span class="dot" aria-hidden="true" />}
          </button>
        </div>
      </div>
      <nav id="nav" class={open ? "open" : ""} aria-label={t("app.main_nav")}>
        <ul>
          {shown.map(
            ({ nav }) =>
              nav && (
                <li key={nav.to}>
                  <a href={`#${nav.to}`} aria-current={isHere(path, nav.to) ? "page" : undefined}>
                    <svg viewBox="0 0 24 24" aria-hidden="true">
                      <path d={ICONS[nav.icon]} />
                    </svg>
                    {t(nav.label)}
                    {nav.icon === "bell" && unread > 0 && (
                      <span class="count">
                        <span aria-hidden="true">{unread > 99 ? "99+" : unread}</span>
                        <span class="hidden">{t("nav.unread", { n: unread })}</span>
                      </span>
                    )}
                  </a>
                </li>
              ),
          )}
        </ul>
      </nav>
    </header>
  );
}

function isHere(path: string, to: string): boolean {
  if (to === "/") return path === "/" || path.startsWith("/units/") || path === "/showcase";
  return path === to || path.startsWith(`${to}/`);
}

function useUnread(): number {
  const key = person.value === null || status.value !== "signed-in" ? null : "inbox:summary";
  const summary = useQuery(key, () => ok(notify.GET("/v1/inbox/summary")), { refreshMs: UNREAD_MS });
  const version = unreadVersion.value;
  useEffect(() => {
    if (version > 0) summary.reload();
  }, [version]);
  return summary.data?.unread ?? 0;
}

function Account() {
  const [open, setOpen] = useState(false);
  const who = person.value;
  const [path] = useLocation();
  useEffect(() => setOpen(false), [path]);
  if (who === null) {
    return (
      <Button look="primary" small busy={status.value === "starting"} onClick={() => leave()}>
        {status.value === "starting" ? <span class="wide">{t("auth.signing_in")}</span> : t("auth.sign_in")}
      </Button>
    );
  }
  return (
    <div class="account">
      <button
        type="button"
        class="button quiet small"
        aria-expanded={open ? "true" : "false"}
        aria-controls="account"
        onClick={() => setOpen(!open)}
      >
        {/* Drawn, not written: the name of the button is the person's. */}
        <span class="initials" data-initials={initials(who.name)} />
        <span class="name" aria-hidden="true">
          {who.name}
        </span>
        <span class="hidden">{t("auth.account", { name: who.name })}</span>
      </button>
      <div id="account" class="account-menu" hidden={!open}>
        <p>
          <strong>{who.name}</strong>
        </p>
        <ul>
          {who.grants.map((grant) => (
            <li key={grant.role + grant.unit}>
              {t(`role.${grant.role}`)} · <UnitName code={grant.unit} />
            </li>
          ))}
        </ul>
        <p class="actions">
          <ButtonLink to="/preferences" small>
            {t("inbox.preferences")}
          </ButtonLink>
          <Button small onClick={() => signOut()}>
            {t("auth.sign_out")}
          </Button>
        </p>
      </div>
    </div>
  );
}

function initials(name: string): string {
  const words = name.trim().split(/\s+/);
  return ((words.at(-2)?.[0] ?? "") + (words.at(-1)?.[0] ?? "")).toUpperCase();
}

async function leave(address?: string): Promise<void> {
  if (!(await signIn(address))) announce(t("auth.away"), "bad");
}

/** Tells of a sign-in that ended or cannot be taken up; the page below stays as it is. */
function SessionBar() {
  const away = status.value === "away";
  useEffect(() => {
    if (!away) return;
    window.addEventListener("online", resume);
    const timer = setInterval(resume, SIGN_IN_AGAIN_MS);
    return () => {
      window.removeEventListener("online", resume);
      clearInterval(timer);
    };
  }, [away]);
  if (status.value === "expired") {
    return (
      <div class="strip warn" role="alert">
        <p>
          <strong>{t("auth.expired")}.</strong> {t("auth.expired_what")}
        </p>
        <Button look="primary" small onClick={() => leave()}>
          {t("auth.sign_in")}
        </Button>
      </div>
    );
  }
  if (away) {
    return (
      <div class="strip" role="status">
        <p>
          <strong>{t("auth.away")}.</strong> {t("auth.away_what")}
        </p>
        <Button small onClick={() => resume()}>
          {t("do.retry")}
        </Button>
      </div>
    );
  }
  return null;
}

function SignInNeeded() {
  return (
    <>
      <PageHead title={t("auth.needed")} lead={t("auth.needed_what")} />
      <Button look="primary" onClick={() => leave()}>
        {t("auth.sign_in")}
      </Button>
    </>
  );
}

function SignInNow() {
  const to = new URLSearchParams(useSearch()).get("to") ?? "/";
  useEffect(() => {
    leave(to);
  }, []);
  return <PageHead title={t("auth.signing_in")} />;
}

function NotFound() {
  return (
    <>
      <PageHead title={t("app.not_found")} lead={t("app.not_found_what")} />
      <ButtonLink to="/">{t("app.home")}</ButtonLink>
    </>
  );
}

function Footer() {
  return (
    <footer class="bottom">
      <p>
        <strong>{t("app.tagline")}</strong>
        <br />
        {t("app.sources")}
      </p>
      <p>
        <a href="/about">{t("app.about")}</a> · <a href="/docs">{t("app.docs")}</a>
      </p>
    </footer>
  );
}
