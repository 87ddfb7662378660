// What went wrong with a request, in one shape: a problem of the API (RFC 9457), a part that is away, or a lost link.
// It never decides what to do; components/problem.tsx shows it, forms take the errors of fields.

export interface FieldError {
  pointer: string;
  code: string;
  detail: string;
}

export type ProblemKind = "api" | "unavailable" | "offline";

export class ApiProblem extends Error {
  readonly kind: ProblemKind;
  readonly status: number;
  readonly code: string;
  readonly title: string;
  readonly detail: string;
  readonly errors: readonly FieldError[];
  readonly trace: string | undefined;

  constructor(fields: {
    kind: ProblemKind;
    status?: number;
    code: string;
    title?: string;
    detail?: string;
    errors?: readonly FieldError[];
    trace?: string | undefined;
  }) {
    super(fields.title || fields.code);
    this.name = "ApiProblem";
    this.kind = fields.kind;
    this.status = fields.status ?? 0;
    this.code = fields.code;
    this.title = fields.title ?? "";
    this.detail = fields.detail ?? "";
    this.errors = fields.errors ?? [];
    this.trace = fields.trace;
  }

  /** Whether trying the same again later may succeed. */
  get passing(): boolean {
    return this.kind !== "api" || this.status === 429;
  }
}

/** The problem of an answer that is not a success. `body` is what was read of it, of whatever shape. */
export function problemOf(response: Response, body: unknown): ApiProblem {
  const said = isRecord(body) ? body : {};
  const away = [502, 503, 504].includes(response.status);
  return new ApiProblem({
    kind: away ? "unavailable" : "api",
    status: response.status,
    code: text(said.code) || (away ? "unavailable" : `http-${response.status}`),
    title: text(said.title),
    detail: text(said.detail),
    errors: Array.isArray(said.errors) ? said.errors.filter(isFieldError) : [],
    trace: text(said.trace_id) || undefined,
  });
}

/** The problem of a request that got no answer at all. */
export function lostLink(): ApiProblem {
  return new ApiProblem({ kind: "offline", code: "offline" });
}

/** Anything thrown, as a problem; what is not one is a fault of ours and is thrown on. */
export function asProblem(error: unknown): ApiProblem {
  if (error instanceof ApiProblem) return error;
  throw error;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function isFieldError(value: unknown): value is FieldError {
  return isRecord(value) && typeof value.pointer === "string" && typeof value.detail === "string";
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
