import type { unit as vi } from "../vi/unit";

export const unit: Record<keyof typeof vi, string> = {
  "unit.title": "Unit desk",
};
