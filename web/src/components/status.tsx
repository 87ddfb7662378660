// The status region: short messages that pass, read aloud without moving the focus. Never for what must be acted upon:
// that is a Problem in its place.
import { signal } from "@preact/signals";

export interface Notice {
  id: number;
  text: string;
  look: "good" | "plain" | "bad";
}

export const notices = signal<readonly Notice[]>([]);
let last = 0;

/** Says something for some seconds. */
export function announce(text: string, look: Notice["look"] = "good", seconds = 6): void {
  last += 1;
  const notice = { id: last, text, look };
  notices.value = [...notices.value.slice(-2), notice];
  setTimeout(() => {
    notices.value = notices.value.filter((one) => one.id !== notice.id);
  }, seconds * 1000);
}

export function StatusRegion() {
  return (
    <div class="notices" role="status" aria-live="polite">
      {notices.value.map((notice) => (
        <p key={notice.id} class={`notice ${notice.look}`}>
          {notice.text}
        </p>
      ))}
    </div>
  );
}
