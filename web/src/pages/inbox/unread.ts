// Tells the header's count that something was read.
import { signal } from "@preact/signals";

export const unreadVersion = signal(0);

export function unreadChanged(): void {
  unreadVersion.value += 1;
}
