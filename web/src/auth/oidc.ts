// OpenID Connect with the issuer behind the gateway: authorization code with PKCE, loaded only when somebody signs in.
// It keeps, for the way to the issuer and back, a verifier and a state in session storage; never a token.

import * as oauth from "oauth4webapi";
import { locale } from "../i18n";
import type { Grant, Person, Role } from "./session";

export interface Tokens {
  access: string;
  refresh: string | null;
  id: string | null;
  /** Milliseconds since 1970. */
  expiresAt: number;
}

export interface Identity {
  person: Person;
  tokens: Tokens;
}

/** The issuer says that the sign-in has ended. */
export class SessionOver extends Error {}

interface Pending {
  state: string;
  verifier: string;
  nonce: string;
  address: string;
}

const CLIENT: oauth.Client = { client_id: "portal" };
const SCOPE = "openid profile email offline_access";
const PENDING = "sangkien.sign-in";
const ROLES: readonly string[] = ["member", "support", "reviewer", "official", "admin", "operator"];

let server: oauth.AuthorizationServer | null = null;

// The platform on one's own machine has no TLS; elsewhere the gateway stands behind what has.
const options = { [oauth.allowInsecureRequests]: location.protocol === "http:" };

async function issuer(): Promise<oauth.AuthorizationServer> {
  if (server !== null) return server;
  const settings = (await read("/portal.json")) as { issuer: string };
  const base = new URL(settings.issuer, location.origin);
  const document = (await read(`${base.href}/.well-known/openid-configuration`)) as oauth.AuthorizationServer;
  // One platform may be reached by two names (localhost, 127.0.0.1); the issuer knows it by one.
  const expected = new URL(document.issuer);
  if (expected.pathname !== base.pathname)
    throw new Error(`issuer ${document.issuer} is not at ${base.href}`);
  server = document;
  return document;
}

async function read(url: string): Promise<unknown> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(20_000) });
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
  return answer.json();
}

const home = (): string => `${location.origin}/`;

async function request(address: string, prompt?: "none"): Promise<{ url: URL; pending: Pending }> {
  const as = await issuer();
  const pending: Pending = {
    state: oauth.generateRandomState(),
    verifier: oauth.generateRandomCodeVerifier(),
    nonce: oauth.generateRandomNonce(),
    address,
  };
  const url = new URL(as.authorization_endpoint ?? "");
  url.search = new URLSearchParams({
    client_id: CLIENT.client_id,
    redirect_uri: home(),
    response_type: "code",
    scope: SCOPE,
    state: pending.state,
    nonce: pending.nonce,
    code_challenge: await oauth.calculatePKCECodeChallenge(pending.verifier),
    code_challenge_method: "S256",
    ui_locales: locale.value,
    ...(prompt ? { prompt } : {}),
  }).toString();
  return { url, pending };
}

/** Goes to the issuer's sign-in page. Throws when the issuer is out of reach, before leaving. */
export async function leave(address: string): Promise<void> {
  const as = await issuer();
  const known = new URL(as.issuer).origin;
  if (known !== location.origin) {
    // The issuer sends back only to the name it knows.
    location.assign(`${known}/#/sign-in?to=${encodeURIComponent(address)}`);
    return;
  }
  const { url, pending } = await request(address);
  sessionStorage.setItem(PENDING, JSON.stringify(pending));
  location.assign(url.href);
}

/** Back from the issuer: the identity, or null when the person turned back; and where to go on. */
export async function complete(url: URL): Promise<{ identity: Identity | null; address: string }> {
  const stored = sessionStorage.getItem(PENDING);
  sessionStorage.removeItem(PENDING);
  // An old address of another sign-in, as from the history of the browser.
  if (stored === null) return { identity: null, address: url.hash.replace(/^#/, "") || "/" };
  const pending = JSON.parse(stored) as Pending;
  try {
    return { identity: await exchange(url.searchParams, pending), address: pending.address };
  } catch (error) {
    if (error instanceof oauth.AuthorizationResponseError) return { identity: null, address: "/" };
    throw error;
  }
}

/**
 * Takes up the issuer's session without leaving the page; null when there is none. The issuer answers a request with
 * prompt=none by a redirect back to us, whose address the browser tells of one and the same origin.
 */
export async function silently(): Promise<Identity | null> {
  const { url, pending } = await request("/", "none");
  if (url.origin !== location.origin) return null;
  const answer = await fetch(url, { credentials: "same-origin", signal: AbortSignal.timeout(20_000) });
  if (!answer.ok) throw new Error(`the issuer answered ${answer.status}`);
  try {
    return await exchange(new URL(answer.url).searchParams, pending);
  } catch (error) {
    if (error instanceof oauth.AuthorizationResponseError) return null;
    throw error;
  }
}

async function exchange(parameters: URLSearchParams, pending: Pending): Promise<Identity> {
  const as = await issuer();
  const valid = oauth.validateAuthResponse(as, CLIENT, parameters, pending.state);
  const answer = await oauth.authorizationCodeGrantRequest(
    as,
    CLIENT,
    oauth.None(),
    valid,
    home(),
    pending.verifier,
    options,
  );
  const tokens = await oauth.processAuthorizationCodeResponse(as, CLIENT, answer, {
    expectedNonce: pending.nonce,
    requireIdToken: true,
  });
  return identity(tokens);
}

/** New tokens for a refresh token. Throws SessionOver when the issuer refuses it. */
export async function refresh(token: string): Promise<Identity> {
  const as = await issuer();
  const answer = await oauth.refreshTokenGrantRequest(as, CLIENT, oauth.None(), token, options);
  try {
    return identity(await oauth.processRefreshTokenResponse(as, CLIENT, answer));
  } catch (error) {
    if (error instanceof oauth.ResponseBodyError) throw new SessionOver(error.error);
    throw error;
  }
}

/** Leaves for the issuer's sign-out page and comes back to the front page. */
export async function end(idToken: string | null): Promise<void> {
  const as = await issuer();
  if (!as.end_session_endpoint) return;
  const url = new URL(as.end_session_endpoint);
  url.searchParams.set("post_logout_redirect_uri", home());
  url.searchParams.set("client_id", CLIENT.client_id);
  url.searchParams.set("ui_locales", locale.value);
  if (idToken !== null) url.searchParams.set("id_token_hint", idToken);
  location.assign(url.href);
}

let known: Person | null = null;

function identity(tokens: oauth.TokenEndpointResponse): Identity {
  const claims = oauth.getValidatedIdTokenClaims(tokens);
  if (claims) known = personOf(claims);
  if (known === null) throw new Error("no ID token");
  return {
    person: known,
    tokens: {
      access: tokens.access_token,
      refresh: tokens.refresh_token ?? null,
      id: tokens.id_token ?? null,
      expiresAt: Date.now() + (tokens.expires_in ?? 300) * 1000,
    },
  };
}

function personOf(claims: oauth.IDToken): Person {
  const text = (value: unknown): string | null => (typeof value === "string" && value !== "" ? value : null);
  const said = Array.isArray(claims.grants) ? claims.grants : [];
  return {
    subject: claims.sub,
    name: text(claims.name) ?? text(claims.preferred_username) ?? claims.sub,
    locale: text(claims.locale),
    grants: said.map(grant).filter((one): one is Grant => one !== null),
  };
}

function grant(value: unknown): Grant | null {
  if (typeof value !== "object" || value === null) return null;
  const { role, unit } = value as Record<string, unknown>;
  if (typeof role !== "string" || typeof unit !== "string" || !ROLES.includes(role)) return null;
  return { role: role as Role, unit };
}
