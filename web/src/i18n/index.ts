// The catalogue of messages: Vietnamese is part of the page, English is loaded when it is chosen. A key that one of
// them lacks, or a value that a message asks for and the caller does not give, breaks the build.

import { signal } from "@preact/signals";
import { vi } from "./vi";

export type Locale = "vi" | "en";
export type Catalogue = typeof vi;
export type Key = keyof Catalogue;

type Names<Text extends string> = Text extends `${string}{${infer Name}}${infer Rest}`
  ? Name | Names<Rest>
  : never;
type Values<K extends Key> = Record<Names<Catalogue[K]>, string | number>;
type Rest<K extends Key> = [Names<Catalogue[K]>] extends [never] ? [] : [values: Values<K>];

/** Messages that ask for no values. */
export type PlainKey = { [K in Key]: [Names<Catalogue[K]>] extends [never] ? K : never }[Key];

const CHOICE = "sangkien.locale";

export const locale = signal<Locale>("vi");
const messages = signal<Record<Key, string>>(vi);

/** The message in the language of the page: t("front.of_target", { target: "300.000" }) */
export function t<K extends Key>(key: K, ...rest: Rest<K>): string {
  return fill(messages.value[key], rest[0] ?? {});
}

/** Fills {name}; "one|many" is chosen by the value n, which English needs. */
export function fill(message: string, values: Record<string, string | number>): string {
  const forms = message.split("|");
  const form = forms.length === 2 && Number(values.n) !== 1 ? forms[1] : forms[0];
  return (form ?? "").replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ""));
}

/** For keys made of data, such as `state.${state}`: the message, or what was given when there is none. */
export function said(key: string, otherwise: string): string {
  return (messages.value as Record<string, string>)[key] ?? otherwise;
}

export async function setLocale(chosen: Locale): Promise<void> {
  messages.value = chosen === "vi" ? vi : (await import("./en")).en;
  locale.value = chosen;
  document.documentElement.lang = chosen;
  try {
    localStorage.setItem(CHOICE, chosen);
  } catch {
    // Not kept then.
  }
}

/** The language that was chosen here, or Vietnamese: most who read this do. */
export async function startLocale(): Promise<void> {
  const asked = new URLSearchParams(location.search).get("lang");
  let chosen: string | null = asked;
  try {
    chosen ??= localStorage.getItem(CHOICE);
  } catch {
    // No storage: Vietnamese.
  }
  if (chosen === "en") await setLocale("en").catch(() => undefined);
}

/** The name of something in the language of the page, where it has one there. */
export function named(of: { name_vi: string; name_en?: string | null }): string {
  return (locale.value === "en" && of.name_en) || of.name_vi;
}
