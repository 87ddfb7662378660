// One initiative being written: loaded from this device or the server, kept on the device at every stroke and on the
// server when the link is there. A hook for the form; it draws nothing.
import { useEffect, useRef, useState } from "preact/hooks";
import { full, submission } from "../../api/client";
import { type ApiProblem, asProblem, type FieldError } from "../../api/problem";
import { campaigns, openCampaigns } from "../../api/reference";
import { person, unitsOf } from "../../auth/session";
import { look, prepareSubmission, save, sendSubmission } from "../../device/outbox";
import { drop, type Kept, keep, kept } from "../../device/store";
import { type Content, contentOf, emptyForm, type Form, formOf } from "./form";

export type SaveState = "none" | "device" | "saving" | "server" | "refused" | "conflict";

export interface Draft {
  kept: Kept | null;
  /** Why it could not be loaded. */
  problem: ApiProblem | undefined;
  saveState: SaveState;
  errors: readonly FieldError[];
  /** What was wrong as a whole with the last submission. */
  refused: { title: string; detail: string } | null;
  /** It waits for the link. */
  queued: boolean;
  sending: boolean;
  set: (changes: Partial<Form>) => void;
  /** Sends it; the code when it arrived. */
  submit: () => Promise<string | null>;
  resume: () => void;
  keepMine: () => Promise<void>;
  takeTheirs: () => Promise<void>;
}

const DEVICE_MS = 300;
const SERVER_MS = 2500;

/** The id of a new initiative of this device. */
export function newId(): string {
  return crypto.randomUUID();
}

export async function startNew(subject: string): Promise<Kept> {
  const units = [...unitsOf("member"), ...unitsOf("support")];
  // Without the link the campaign stays open to choice.
  const open = await campaigns().then(
    (all) => openCampaigns(all, new Date()),
    () => [],
  );
  return {
    id: newId(),
    subject,
    form: emptyForm(subject, units[0] ?? "", open[0]?.id ?? ""),
    changedAt: Date.now(),
    serverId: null,
    etag: null,
    dirty: false,
    creating: null,
    submitting: null,
    refused: null,
  };
}

/** From the device when it has something unsent, else from the server. */
async function load(id: string, subject: string): Promise<Kept> {
  const here = await kept(id);
  if (here && here.subject === subject && (here.dirty || here.serverId === null || here.submitting))
    return here;
  const serverId = here?.serverId ?? id;
  const there = await full(submission.GET("/v1/initiatives/{id}", { params: { path: { id: serverId } } }));
  return {
    id,
    subject,
    form: formOf(there.data.content as Content),
    changedAt: Date.now(),
    serverId,
    etag: there.etag,
    dirty: false,
    creating: null,
    submitting: null,
    refused: here?.refused ?? null,
  };
}

export function useDraft(id: string): Draft {
  const subject = person.value?.subject ?? "";
  const now = useRef<Kept | null>(null);
  const [, redraw] = useState(0);
  const draw = (): void => redraw((n) => n + 1);
  const [problem, setProblem] = useState<ApiProblem>();
  const [saveState, setSaveState] = useState<SaveState>("none");
  const [errors, setErrors] = useState<readonly FieldError[]>([]);
  const [sending, setSending] = useState(false);
  const timers = useRef<{ device?: ReturnType<typeof setTimeout>; server?: ReturnType<typeof setTimeout> }>(
    {},
  );
  const saving = useRef<Promise<unknown> | null>(null);

  const read = (): void => {
    setProblem(undefined);
    load(id, subject).then(
      (found) => {
        now.current = found;
        setErrors(found.refused?.errors ?? []);
        setSaveState(found.dirty ? "device" : "none");
        draw();
      },
      (error: unknown) => setProblem(asProblem(error)),
    );
  };

  useEffect(() => {
    now.current = null;
    read();
    return () => {
      // Going to another page, or closing: what was typed last is kept too.
      clearTimeout(timers.current.device);
      clearTimeout(timers.current.server);
      if (now.current?.dirty) keep(now.current);
    };
  }, [id, subject]);

  useEffect(() => {
    const hide = (): void => {
      if (document.visibilityState === "hidden" && now.current?.dirty) keep(now.current);
    };
    const back = (): void => {
      if (now.current?.dirty && !now.current.submitting) saveNow();
    };
    document.addEventListener("visibilitychange", hide);
    window.addEventListener("online", back);
    return () => {
      document.removeEventListener("visibilitychange", hide);
      window.removeEventListener("online", back);
    };
  }, []);

  const saveNow = async (): Promise<void> => {
    const draft = now.current;
    if (draft === null || draft.submitting !== null || saving.current !== null) return;
    setSaveState("saving");
    const work = save(draft).then(
      (saved) => setSaveState(saved === "saved" ? (draft.dirty ? "device" : "server") : saved),
      (error: unknown) => {
        asProblem(error);
        setSaveState("refused");
      },
    );
    saving.current = work;
    await work;
    saving.current = null;
    // Typed on while it was under way.
    if (draft.dirty && draft === now.current) timers.current.server = setTimeout(saveNow, SERVER_MS);
  };

  const set = (changes: Partial<Form>): void => {
    const draft = now.current;
    if (draft === null) return;
    draft.form = { ...draft.form, ...changes };
    draft.changedAt = Date.now();
    draft.dirty = true;
    draw();
    clearTimeout(timers.current.device);
    clearTimeout(timers.current.server);
    timers.current.device = setTimeout(() => {
      keep(draft).then(() => setSaveState((state) => (state === "conflict" ? state : "device")));
    }, DEVICE_MS);
    timers.current.server = setTimeout(saveNow, SERVER_MS);
  };

  const submit = async (): Promise<string | null> => {
    const draft = now.current;
    if (draft === null) return null;
    setSending(true);
    clearTimeout(timers.current.device);
    clearTimeout(timers.current.server);
    try {
      if (saving.current !== null) await saving.current;
      await prepareSubmission(draft);
      const result = await sendSubmission(draft);
      setErrors([]);
      if (result === null) {
        await look(subject);
        return null;
      }
      now.current = null;
      return result.code;
    } catch (error) {
      setErrors(asProblem(error).errors);
      return null;
    } finally {
      setSending(false);
      draw();
    }
  };

  return {
    kept: now.current,
    problem,
    saveState,
    errors,
    refused: now.current?.refused ?? null,
    queued: now.current !== null && now.current.submitting !== null && !sending,
    sending,
    set,
    submit,
    resume: () => {
      const draft = now.current;
      if (draft === null) return;
      draft.submitting = null;
      draft.dirty = true;
      keep(draft).then(() => look(subject));
      draw();
    },
    keepMine: async () => {
      const draft = now.current;
      if (draft?.serverId == null) return;
      const there = await full(
        submission.GET("/v1/initiatives/{id}", { params: { path: { id: draft.serverId } } }),
      );
      draft.etag = there.etag;
      await keep(draft);
      await saveNow();
    },
    takeTheirs: async () => {
      await drop(id);
      now.current = null;
      draw();
      read();
    },
  };
}

/** The content as it stands in the form, for comparing. */
export function contentNow(draft: Kept): Content {
  return contentOf(draft.form);
}
