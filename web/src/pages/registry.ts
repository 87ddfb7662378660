// Every page of the portal: its address, who may open it, where it stands in the navigation. Pages are loaded when they
// are first opened; adding one is adding a line here (see README.md).
import type { ComponentType } from "preact";
import type { Role } from "../auth/session";
import type { PlainKey } from "../i18n";

/** What an address may name. */
export interface Parameters {
  code?: string;
  id?: string;
}

export interface Page {
  /** wouter's pattern; its parameters reach the component as props. */
  path: string;
  load: () => Promise<{ default: ComponentType<Parameters> }>;
  /** "public", "signed-in", or one of these roles. */
  who: "public" | "signed-in" | readonly Role[];
  nav?: { label: PlainKey; to: string; icon: keyof typeof ICONS };
}

// Strokes on a 24 × 24 field.
export const ICONS = {
  chart: "M4 19V5M4 19h16M8 15l3.5-4 3 2.5L20 7",
  pen: "M4 20l1-4L16.5 4.5a2 2 0 0 1 3 3L8 19l-4 1ZM14.5 6.5l3 3",
  list: "M8 6h12M8 12h12M8 18h12M4 6h.01M4 12h.01M4 18h.01",
  bell: "M6 17V11a6 6 0 0 1 12 0v6l1.5 2h-15L6 17ZM10 21.5h4",
  check: "M4 12.5 9 17.5 20 6.5",
  tree: "M12 4v6M12 10H6v5M12 10h6v5M12 10v5M10 2h4v4h-4ZM4 15h4v4H4ZM16 15h4v4h-4ZM10 15h4v4h-4Z",
  gear: "M12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6ZM12 2v4M12 18v4M2 12h4M18 12h4M5 5l2.8 2.8M16.2 16.2 19 19M19 5l-2.8 2.8M7.8 16.2 5 19",
} as const;

const DESK: readonly Role[] = ["support", "official", "admin", "reviewer"];

export const PAGES: readonly Page[] = [
  {
    path: "/",
    load: () => import("./front/front"),
    who: "public",
    nav: { label: "nav.front", to: "/", icon: "chart" },
  },
  { path: "/units/:code", load: () => import("./front/front"), who: "public" },
  { path: "/showcase", load: () => import("./front/showcase"), who: "public" },
  { path: "/receipts/:code", load: () => import("./submit/receipt"), who: "public" },
  {
    path: "/submit/:id?",
    load: () => import("./submit/submit"),
    who: "signed-in",
    nav: { label: "nav.submit", to: "/submit", icon: "pen" },
  },
  {
    path: "/initiatives",
    load: () => import("./mine/list"),
    who: "signed-in",
    nav: { label: "nav.mine", to: "/initiatives", icon: "list" },
  },
  { path: "/initiatives/:id", load: () => import("./mine/initiative"), who: "signed-in" },
  {
    path: "/inbox",
    load: () => import("./inbox/inbox"),
    who: "signed-in",
    nav: { label: "nav.inbox", to: "/inbox", icon: "bell" },
  },
  { path: "/preferences", load: () => import("./inbox/preferences"), who: "signed-in" },
  {
    path: "/cases",
    load: () => import("./review/desk"),
    who: ["support", "reviewer"],
    nav: { label: "nav.review", to: "/cases", icon: "check" },
  },
  { path: "/cases/:id", load: () => import("./review/case"), who: "signed-in" },
  {
    path: "/desk/:code?",
    load: () => import("./unit/desk"),
    who: DESK,
    nav: { label: "nav.unit", to: "/desk", icon: "tree" },
  },
  {
    path: "/operations",
    load: () => import("./operator/operations"),
    who: ["operator"],
    nav: { label: "nav.operator", to: "/operations", icon: "gear" },
  },
];
