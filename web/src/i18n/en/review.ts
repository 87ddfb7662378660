import type { review as vi } from "../vi/review";

export const review: Record<keyof typeof vi, string> = {
  "review.title": "Review desk",
};
