import type { front as vi } from "../vi/front";

export const front: Record<keyof typeof vi, string> = {
  "front.title": "Programme progress",
};
