// Reading for pages: what was read last stays shown while it is read anew (going back shows it at once), a failure
// keeps it too. It owns the cache in memory, which ends with the session; it never writes.

import { useEffect, useRef, useState } from "preact/hooks";
import { type ApiProblem, asProblem } from "./problem";

export interface Query<T> {
  /** What was read last, if ever. */
  data: T | undefined;
  /** Why the last reading failed; the data may be older. */
  problem: ApiProblem | undefined;
  loading: boolean;
  reload: () => void;
}

const MOST_KEPT = 60;
const kept = new Map<string, unknown>();

/** Forgets everything read, as when somebody else signs in. */
export function forgetAll(): void {
  kept.clear();
}

/** Forgets what begins with `prefix`, after a change there. */
export function forget(prefix: string): void {
  for (const key of [...kept.keys()]) if (key.startsWith(prefix)) kept.delete(key);
}

function keep(key: string, data: unknown): void {
  kept.delete(key);
  kept.set(key, data);
  if (kept.size > MOST_KEPT) {
    const oldest = kept.keys().next().value;
    if (oldest !== undefined) kept.delete(oldest);
  }
}

/**
 * Reads `read()` whenever `key` changes; null reads nothing. `refreshMs` repeats it while the page is visible and
 * whenever it becomes visible again.
 */
export function useQuery<T>(
  key: string | null,
  read: () => Promise<T>,
  options: { refreshMs?: number } = {},
): Query<T> {
  const [, redraw] = useState(0);
  const state = useRef<{ key: string | null; problem?: ApiProblem | undefined; loading: boolean }>({
    key: null,
    loading: false,
  });
  const latest = useRef(read);
  latest.current = read;

  if (state.current.key !== key) state.current = { key, loading: key !== null };

  const run = (): void => {
    const now = state.current;
    if (key === null || now.key !== key) return;
    now.loading = true;
    redraw((n) => n + 1);
    latest.current().then(
      (data) => {
        keep(key, data);
        if (state.current !== now) return;
        now.problem = undefined;
        now.loading = false;
        redraw((n) => n + 1);
      },
      (error: unknown) => {
        if (state.current !== now) return;
        now.problem = asProblem(error);
        now.loading = false;
        redraw((n) => n + 1);
      },
    );
  };

  useEffect(() => {
    run();
    if (key === null || options.refreshMs === undefined) return;
    const again = (): void => {
      if (document.visibilityState === "visible" && !state.current.loading) run();
    };
    const timer = setInterval(again, options.refreshMs);
    document.addEventListener("visibilitychange", again);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", again);
    };
  }, [key, options.refreshMs]);

  useEffect(() => {
    // The link is back: what failed is tried again.
    const back = (): void => {
      if (state.current.problem) run();
    };
    window.addEventListener("online", back);
    return () => window.removeEventListener("online", back);
  }, [key]);

  return {
    data: key === null ? undefined : (kept.get(key) as T | undefined),
    problem: state.current.problem,
    loading: state.current.loading,
    reload: run,
  };
}
