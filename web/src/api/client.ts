// The four services behind the gateway as typed clients. It owns the headers of every request (token, language) and
// turns whatever is not a success into an ApiProblem. It never stores a token.

import createClient, { type Client } from "openapi-fetch";
import { accessToken, renew } from "../auth/session";
import { locale } from "../i18n";
import type { paths as NotifyPaths, components as notifyComponents } from "./generated/notify";
import type { paths as ReviewPaths, components as reviewComponents } from "./generated/review";
import type { paths as StatsPaths, components as statsComponents } from "./generated/stats";
import type { paths as SubmissionPaths, components as submissionComponents } from "./generated/submission";
import { lostLink, problemOf } from "./problem";

export type Submission = submissionComponents["schemas"];
export type Review = reviewComponents["schemas"];
export type Stats = statsComponents["schemas"];
export type Notify = notifyComponents["schemas"];

// Long enough for a slow link, short enough that a dead one is told of.
const TIMEOUT_MS = 45_000;

async function send(request: Request): Promise<Response> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  try {
    return await fetch(new Request(request, { signal }));
  } catch {
    throw lostLink();
  }
}

function authorized(request: Request, token: string | null): Request {
  const headers = new Headers(request.headers);
  headers.set("Accept-Language", locale.value);
  if (token !== null) headers.set("Authorization", `Bearer ${token}`);
  return new Request(request, { headers });
}

async function fetchSignedIn(request: Request): Promise<Response> {
  const token = await accessToken();
  const answer = await send(authorized(request.clone(), token));
  if (answer.status !== 401 || token === null) return answer;
  // The token was refused: a new one once, else the session is over.
  const renewed = await renew();
  return renewed === null ? answer : send(authorized(request, renewed));
}

function client<Paths extends object>(service: string): Client<Paths> {
  return createClient<Paths>({ baseUrl: `/api/${service}`, fetch: fetchSignedIn });
}

export const submission = client<SubmissionPaths>("submission");
export const review = client<ReviewPaths>("review");
export const stats = client<StatsPaths>("stats");
export const notify = client<NotifyPaths>("notify");

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** The data of an answer; throws ApiProblem. `await ok(stats.GET("/v1/…", …))` */
export async function ok<T>(asked: Promise<Answer<T>>): Promise<T> {
  return (await full(asked)).data;
}

/** The data with the ETag that a change needs; throws ApiProblem. */
export async function full<T>(asked: Promise<Answer<T>>): Promise<{ data: T; etag: string }> {
  const { data, error, response } = await asked;
  if (!response.ok) throw problemOf(response, error);
  return { data: data as T, etag: response.headers.get("ETag") ?? "" };
}

/** A new Idempotency-Key: made once per act, kept for its repetitions. */
export function newKey(): string {
  return crypto.randomUUID();
}
