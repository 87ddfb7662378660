// English, complete: each file must have every key of its Vietnamese sister.
import type { Key } from "..";
import { common } from "./common";
import { front } from "./front";
import { inbox } from "./inbox";
import { mine } from "./mine";
import { operator } from "./operator";
import { review } from "./review";
import { submit } from "./submit";
import { unit } from "./unit";

export const en: Record<Key, string> = {
  ...common,
  ...front,
  ...submit,
  ...mine,
  ...inbox,
  ...review,
  ...unit,
  ...operator,
};
