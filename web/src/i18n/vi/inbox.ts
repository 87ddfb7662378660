export const inbox = {
  "inbox.title": "Hộp tin",
  "inbox.preferences": "Cài đặt",
} as const;
