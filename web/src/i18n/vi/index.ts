// Vietnamese: the catalogue that the others are measured by. One file per page, keys begin with its name;
// frame, glossary and components are for what stands on several pages.
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

export const vi = {
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
