// Single keys for the review desk. They never act while something is typed or a dialog is open, and can be switched off
// (WCAG 2.1.4); the choice stays on the device.
import { signal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { Checkbox } from "../../components/field";
import { t } from "../../i18n";

const CHOICE = "sangkien.review-keys";
const enabled = signal(stored());

function stored(): boolean {
  try {
    return localStorage.getItem(CHOICE) !== "off";
  } catch {
    return true;
  }
}

function choose(on: boolean): void {
  enabled.value = on;
  try {
    localStorage.setItem(CHOICE, on ? "on" : "off");
  } catch {
    // Not kept then.
  }
}

/** Runs what belongs to a key, by its name in lower case. */
export function useKeys(acts: Record<string, (() => void) | undefined>): void {
  const latest = useRef(acts);
  latest.current = acts;
  // Before the page is painted: a key that is pressed as soon as a case can be seen must not be lost.
  useLayoutEffect(() => {
    const pressed = (event: KeyboardEvent): void => {
      if (!enabled.value || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
      const at = event.target instanceof Element ? event.target : null;
      if (at?.closest("input, textarea, select, [contenteditable]") || document.querySelector("dialog[open]"))
        return;
      const act = latest.current[event.key.toLowerCase()];
      if (!act) return;
      event.preventDefault();
      act();
    };
    document.addEventListener("keydown", pressed);
    return () => document.removeEventListener("keydown", pressed);
  }, []);
}

/** What the keys do, and the switch for them. */
export function KeyHelp({ keys }: { keys: readonly (readonly [string, string])[] }) {
  return (
    <details class="keys">
      <summary>{t("review.keys")}</summary>
      <dl>
        {keys.map(([key, what]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <Checkbox checked={enabled.value} onChange={choose} label={t("review.keys_on")} />
    </details>
  );
}
