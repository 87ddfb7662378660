import type { operator as vi } from "../vi/operator";

export const operator: Record<keyof typeof vi, string> = {
  "operator.title": "Operations",
};
