// Pages of a list by cursor: the first is a query, the others are added below it. Going back shows the first at once.
import { useEffect, useState } from "preact/hooks";
import { type ApiProblem, asProblem } from "../api/problem";
import { useQuery } from "../api/query";

export interface Page<T> {
  items: T[];
  next: string | null;
}

export interface Pages<T> {
  /** Undefined until the first page is there. */
  items: T[] | undefined;
  problem: ApiProblem | undefined;
  more: boolean;
  busy: boolean;
  loadMore: () => Promise<void>;
  reload: () => void;
}

export function usePages<T>(
  key: string | null,
  read: (cursor: string | undefined) => Promise<Page<T>>,
  options: { refreshMs?: number } = {},
): Pages<T> {
  const first = useQuery(key, () => read(undefined), options);
  const [further, setFurther] = useState<Page<T> | null>(null);
  const [problem, setProblem] = useState<ApiProblem>();
  const [busy, setBusy] = useState(false);

  useEffect(() => {
    setFurther(null);
    setProblem(undefined);
  }, [key, first.data]);

  const next = further ? further.next : (first.data?.next ?? null);
  return {
    items: first.data && [...first.data.items, ...(further?.items ?? [])],
    problem: problem ?? first.problem,
    more: next !== null,
    busy,
    loadMore: async () => {
      if (next === null) return;
      setBusy(true);
      setProblem(undefined);
      try {
        const page = await read(next);
        setFurther({ items: [...(further?.items ?? []), ...page.items], next: page.next });
      } catch (error) {
        setProblem(asProblem(error));
      } finally {
        setBusy(false);
      }
    },
    reload: first.reload,
  };
}
