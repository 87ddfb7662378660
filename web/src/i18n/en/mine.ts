import type { mine as vi } from "../vi/mine";

export const mine: Record<keyof typeof vi, string> = {
  "mine.title": "My initiatives",
};
