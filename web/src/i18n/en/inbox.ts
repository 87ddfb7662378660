import type { inbox as vi } from "../vi/inbox";

export const inbox: Record<keyof typeof vi, string> = {
  "inbox.title": "Inbox",
  "inbox.preferences": "Settings",
};
