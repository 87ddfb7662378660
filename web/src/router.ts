// Addresses in the fragment: `#/initiatives/{id}?tab=history`, as mails link to them. Path and query both live behind
// the #, so that what a page shows can be linked, reloaded and gone back to without asking the server.

import { useCallback, useLayoutEffect, useState } from "preact/hooks";
import type { BaseLocationHook, BaseSearchHook } from "wouter-preact";

export function splitHash(hash: string): { path: string; search: string } {
  const address = hash.replace(/^#/, "") || "/";
  const at = address.indexOf("?");
  const path = at < 0 ? address : address.slice(0, at);
  return { path: path.startsWith("/") ? path : `/${path}`, search: at < 0 ? "" : address.slice(at + 1) };
}

const listeners = new Set<() => void>();

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  window.addEventListener("hashchange", listener);
  window.addEventListener("popstate", listener);
  return () => {
    listeners.delete(listener);
    window.removeEventListener("hashchange", listener);
    window.removeEventListener("popstate", listener);
  };
}

/** Goes to an address such as `/units/TLD?campaign=phase-1`. replace: without a step for the back button. */
export function go(to: string, options: { replace?: boolean } = {}): void {
  const url = `${location.pathname}#${to}`;
  if (options.replace) history.replaceState(history.state, "", url);
  else history.pushState(null, "", url);
  for (const listener of [...listeners]) listener();
}

export function currentAddress(): string {
  const { path, search } = splitHash(location.hash);
  return search ? `${path}?${search}` : path;
}

function useHash(): { path: string; search: string } {
  const [hash, setHash] = useState(location.hash);
  useLayoutEffect(() => {
    const look = (): void => setHash(location.hash);
    look();
    return subscribe(look);
  }, []);
  return splitHash(hash);
}

export const useHashPath: BaseLocationHook = () => [useHash().path, go];
useHashPath.hrefs = (href: string) => `#${href}`;

export const useHashSearch: BaseSearchHook = () => useHash().search;

/** The query of the address with a setter that drops empty values; setting replaces the step. */
export function useAddressQuery(): [URLSearchParams, (changes: Record<string, string | null>) => void] {
  const search = useHashSearch();
  const set = useCallback((changes: Record<string, string | null>) => {
    const now = splitHash(location.hash);
    const query = new URLSearchParams(now.search);
    for (const [name, value] of Object.entries(changes)) {
      if (value) query.set(name, value);
      else query.delete(name);
    }
    const text = query.toString();
    go(text ? `${now.path}?${text}` : now.path, { replace: true });
  }, []);
  return [new URLSearchParams(search), set];
}
