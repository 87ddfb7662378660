// Vietnamese: the catalogue that the others are measured by. One file per page, keys begin with its name.
import { common } from "./common";
import { front } from "./front";
import { inbox } from "./inbox";
import { mine } from "./mine";
import { operator } from "./operator";
import { review } from "./review";
import { submit } from "./submit";
import { unit } from "./unit";

export const vi = { ...common, ...front, ...submit, ...mine, ...inbox, ...review, ...unit, ...operator };
