// What is shown while something is on its way: skeletons of the size of what comes, so that the page does not jump.
import { t } from "../i18n";

/** lines: how many lines of text will come; height: for what is no text, in rem. */
export function Skeleton({ lines = 3, height }: { lines?: number; height?: number }) {
  return (
    <div class="skeleton" role="status">
      <span class="hidden">{t("wait.loading")}</span>
      {height === undefined ? (
        Array.from({ length: lines }, (_, line) => <span key={line} class="bone" aria-hidden="true" />)
      ) : (
        <span class={`bone tall h${height}`} aria-hidden="true" />
      )}
    </div>
  );
}

/** A bar from 0 to max; past max it is full and says the true value. */
export function ProgressBar({ value, max, label }: { value: number; max: number; label: string }) {
  return <progress class="bar" value={Math.min(value, max)} max={max || 1} aria-label={label} />;
}
