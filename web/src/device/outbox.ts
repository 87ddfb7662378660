// Brings what was written to the server: the autosave of drafts, and submissions, which wait here while the link is
// gone and go out when it is back, also after the browser was closed. Each act keeps its Idempotency-Key over all tries.
import { signal } from "@preact/signals";
import { full, newKey, ok, submission } from "../api/client";
import { ApiProblem, asProblem } from "../api/problem";
import { forget } from "../api/query";
import { contentOf } from "../pages/submit/form";
import { drop, type Kept, keep, keptOf, type Waiting } from "./store";

type Result = { id: string; code: string | null; expected_answer_on: string | null };

export type Saved = "saved" | "device" | "conflict";

/** How many submissions wait on this device, and those that were refused while nobody looked. */
export const waiting = signal<{ count: number; refused: string[] }>({ count: 0, refused: [] });

export async function look(subject: string): Promise<void> {
  const all = await keptOf(subject);
  waiting.value = {
    count: all.filter((one) => one.submitting !== null).length,
    refused: all.filter((one) => one.refused !== null && one.submitting === null).map((one) => one.id),
  };
}

/**
 * Saves a draft on the server. "device": it has not got it, the device has, and a later try is worth while. Throws
 * ApiProblem when the server refuses.
 */
export async function save(kept: Kept): Promise<Saved> {
  if (kept.form.unit === "") return "device";
  try {
    if (kept.serverId === null) {
      // Exactly what was sent first: another body under the same key would be refused.
      kept.creating ??= {
        key: kept.id,
        path: "/initiatives",
        body: contentOf(kept.form, true),
        etag: null,
      };
      await keep(kept);
      const sent = kept.creating;
      const made = await full(
        submission.POST("/v1/initiatives", {
          params: { header: { "Idempotency-Key": sent.key } },
          body: sent.body as never,
        }),
      );
      kept.serverId = made.data.id;
      kept.etag = made.etag;
      kept.creating = null;
      kept.dirty = JSON.stringify(sent.body) !== JSON.stringify(contentOf(kept.form, true));
      await keep(kept);
      forget("initiatives:");
      if (!kept.dirty) return "saved";
    }
    const typedAt = kept.changedAt;
    const saved = await full(
      submission.PUT("/v1/initiatives/{id}", {
        params: { path: { id: kept.serverId }, header: { "If-Match": kept.etag ?? "" } },
        body: contentOf(kept.form, true),
      }),
    );
    kept.etag = saved.etag;
    if (kept.changedAt === typedAt) kept.dirty = false;
    await keep(kept);
    forget(`initiative:${kept.serverId}`);
    return "saved";
  } catch (error) {
    const problem = asProblem(error);
    if (problem.passing || problem.status === 401) return "device";
    if (problem.code === "version-conflict" && kept.serverId !== null) return overtaken(kept, kept.serverId);
    if (kept.serverId === null && problem.status < 500) {
      // Refused as it is: another try is another request.
      kept.creating = null;
    }
    throw problem;
  }
}

/** The server has another version: ours, whose answer was lost, or one from elsewhere. */
async function overtaken(kept: Kept, id: string): Promise<Saved> {
  const there = await full(submission.GET("/v1/initiatives/{id}", { params: { path: { id } } }));
  const same = JSON.stringify(there.data.content) === JSON.stringify(contentOf(kept.form, true));
  if (!same) return "conflict";
  kept.etag = there.etag;
  kept.dirty = false;
  await keep(kept);
  return "saved";
}

/** Makes the act of submitting, to be sent now or when the link is back. */
export async function prepareSubmission(kept: Kept): Promise<void> {
  kept.refused = null;
  kept.submitting =
    kept.serverId === null
      ? {
          key: newKey(),
          path: "/initiatives",
          body: { ...contentOf(kept.form), submit: true },
          etag: null,
        }
      : {
          key: newKey(),
          path: `/initiatives/${kept.serverId}/submit`,
          body: contentOf(kept.form),
          etag: kept.etag,
        };
  await keep(kept);
}

/** Sends a prepared submission. Null: it still waits. Throws ApiProblem when the server refuses it. */
export async function sendSubmission(kept: Kept): Promise<Result | null> {
  if (kept.submitting === null) return null;
  try {
    if (kept.creating !== null) await settleCreation(kept, kept.creating);
    const act = kept.submitting;
    const result = await ok(
      kept.serverId === null || act.etag === null
        ? submission.POST("/v1/initiatives", {
            params: { header: { "Idempotency-Key": act.key } },
            body: act.body as never,
          })
        : submission.POST("/v1/initiatives/{id}/submit", {
            params: {
              path: { id: kept.serverId },
              header: { "Idempotency-Key": act.key, "If-Match": act.etag },
            },
            body: act.body as never,
          }),
    );
    await drop(kept.id);
    forget("initiatives:");
    forget(`initiative:${result.id}`);
    return result;
  } catch (error) {
    const problem = asProblem(error);
    if (problem.passing || problem.status === 401) return null;
    kept.submitting = null;
    kept.refused = { title: problem.title, detail: problem.detail, errors: [...problem.errors] };
    await keep(kept);
    throw problem;
  }
}

/** The draft may be there already, its answer lost: then it is that draft which is submitted, not a second one. */
async function settleCreation(kept: Kept, creating: Waiting): Promise<void> {
  const made = await full(
    submission.POST("/v1/initiatives", {
      params: { header: { "Idempotency-Key": creating.key } },
      body: creating.body as never,
    }),
  );
  kept.serverId = made.data.id;
  kept.etag = made.etag;
  kept.creating = null;
  if (kept.submitting !== null) {
    kept.submitting = {
      key: kept.submitting.key,
      path: `/initiatives/${made.data.id}/submit`,
      body: contentOf(kept.form),
      etag: made.etag,
    };
  }
  await keep(kept);
}

/** Whether what waits is being sent right now. */
export const sending = signal(false);

/** Sends all that waits for this person; what the server refuses is marked. The codes of what arrived. */
export async function sendAll(subject: string): Promise<string[]> {
  if (sending.value) return [];
  sending.value = true;
  const arrived: string[] = [];
  try {
    // One tab at a time; without locks the Idempotency-Key still keeps an act from happening twice.
    await exclusively(async () => {
      for (const one of await keptOf(subject)) {
        if (one.submitting === null) continue;
        try {
          const result = await sendSubmission(one);
          if (result?.code) arrived.push(result.code);
        } catch (error) {
          if (!(error instanceof ApiProblem)) throw error;
        }
      }
    });
  } finally {
    sending.value = false;
    await look(subject);
  }
  return arrived;
}

async function exclusively(work: () => Promise<void>): Promise<void> {
  if (!("locks" in navigator)) return work();
  await navigator.locks.request("sangkien.outbox", { ifAvailable: true }, (lock) =>
    lock === null ? undefined : work(),
  );
}
