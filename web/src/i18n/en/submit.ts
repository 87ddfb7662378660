import type { submit as vi } from "../vi/submit";

export const submit: Record<keyof typeof vi, string> = {
  "submit.title": "Register an initiative",
};
