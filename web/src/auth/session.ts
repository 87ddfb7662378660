// Who is signed in, and the tokens, which live in this module's memory and nowhere else: not in any storage, not in an
// address. A reload gets new ones from the issuer's own session (see oidc.ts). It knows no page.

import { signal } from "@preact/signals";
import { forgetAll } from "../api/query";
import { currentAddress } from "../router";
import type { Identity, Tokens } from "./oidc";

export type Role = "member" | "support" | "reviewer" | "official" | "admin" | "operator";

export interface Grant {
  role: Role;
  unit: string;
}

export interface Person {
  subject: string;
  name: string;
  locale: string | null;
  grants: readonly Grant[];
}

/**
 * starting: a former sign-in is being taken up again; expired: it ended while the person was here, what was typed is
 * kept; away: the sign-in service does not answer.
 */
export type Status = "starting" | "anonymous" | "signed-in" | "expired" | "away";

export const status = signal<Status>("anonymous");
export const person = signal<Person | null>(null);

// Says only that somebody signed in here once, so that a reload asks the issuer; it opens nothing.
const HINT = "sangkien.signed-in";
const EARLY_MS = 30_000;

let tokens: Tokens | null = null;
let renewing: Promise<string | null> | null = null;

const oidc = (): Promise<typeof import("./oidc")> => import("./oidc");

export function holds(role: Role): boolean {
  return person.value?.grants.some((grant) => grant.role === role) ?? false;
}

export function unitsOf(role: Role): string[] {
  return person.value?.grants.filter((grant) => grant.role === role).map((grant) => grant.unit) ?? [];
}

function accept(identity: Identity): void {
  const before = person.value?.subject;
  if (before !== undefined && before !== identity.person.subject) forgetAll();
  tokens = identity.tokens;
  person.value = identity.person;
  status.value = "signed-in";
  remember(true);
}

function remember(signedIn: boolean): void {
  try {
    if (signedIn) localStorage.setItem(HINT, "1");
    else localStorage.removeItem(HINT);
  } catch {
    // No storage, as in some private windows: a reload then asks to sign in.
  }
}

function remembered(): boolean {
  try {
    return localStorage.getItem(HINT) === "1";
  } catch {
    return false;
  }
}

/** Completes a sign-in that is coming back from the issuer, or takes a former one up again. Never throws. */
export async function start(): Promise<void> {
  const query = new URLSearchParams(location.search);
  const returning = query.has("state") && (query.has("code") || query.has("error"));
  if (!returning && !remembered()) {
    if (status.value === "away") status.value = "anonymous";
    return;
  }
  // A further try is made behind what is told of the first.
  if (status.value !== "away") status.value = "starting";
  try {
    const { complete, silently } = await oidc();
    if (returning) {
      const url = new URL(location.href);
      const done = await complete(url);
      history.replaceState(null, "", `${location.pathname}#${done.address}`);
      window.dispatchEvent(new HashChangeEvent("hashchange"));
      if (done.identity) return accept(done.identity);
      status.value = "anonymous";
      return;
    }
    const identity = await silently();
    if (identity) return accept(identity);
    remember(false);
    status.value = "anonymous";
  } catch {
    if (returning) history.replaceState(null, "", location.pathname + location.hash);
    status.value = "away";
  }
}

/** Tries once more to take a former sign-in up again, as when the link is back. */
export async function resume(): Promise<void> {
  if (status.value === "away" || status.value === "expired") await start();
}

/** Leaves for the issuer's page; comes back to `address`. False when the issuer does not answer. */
export async function signIn(address: string = currentAddress()): Promise<boolean> {
  try {
    const { leave } = await oidc();
    await leave(address);
    return true;
  } catch {
    if (person.value === null) status.value = "away";
    return false;
  }
}

export async function signOut(): Promise<void> {
  const idToken = tokens?.id ?? null;
  tokens = null;
  person.value = null;
  status.value = "anonymous";
  remember(false);
  forgetAll();
  try {
    const { end } = await oidc();
    await end(idToken);
  } catch {
    // The issuer is away: signed out here at least.
  }
}

/** A token that still holds for a while, or null when nobody is signed in. */
export async function accessToken(): Promise<string | null> {
  if (tokens === null) return null;
  if (tokens.expiresAt - Date.now() > EARLY_MS) return tokens.access;
  return renew();
}

/** New tokens, asked for once however many requests wait for them. Null: the session is over or out of reach. */
export function renew(): Promise<string | null> {
  renewing ??= renewNow().finally(() => {
    renewing = null;
  });
  return renewing;
}

async function renewNow(): Promise<string | null> {
  const held = tokens;
  if (held === null) return null;
  const { refresh, silently, SessionOver } = await oidc();
  try {
    const fresh = held.refresh === null ? await silently() : await refresh(held.refresh);
    // Signed out, or in again, while the answer was on its way: it is of a session that is over.
    if (tokens !== held) return null;
    if (fresh) {
      accept(fresh);
      return fresh.tokens.access;
    }
  } catch (error) {
    // Out of reach is not over: the request goes out with what there is and fails for its own reason.
    if (tokens !== held) return null;
    if (!(error instanceof SessionOver)) return held.access;
  }
  tokens = null;
  status.value = "expired";
  return null;
}
