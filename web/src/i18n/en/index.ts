// English, complete: each file must have every key of its Vietnamese sister.
import type { Key } from "..";
import { components } from "./components";
import { frame } from "./frame";
import { front } from "./front";
import { glossary } from "./glossary";
import { inbox } from "./inbox";
import { mine } from "./mine";
import { operator } from "./operator";
import { review } from "./review";
import { submit } from "./submit";
import { unit } from "./unit";

export const en: Record<Key, string> = {
  ...frame,
  ...glossary,
  ...components,
  ...front,
  ...submit,
  ...mine,
  ...inbox,
  ...review,
  ...unit,
  ...operator,
};
