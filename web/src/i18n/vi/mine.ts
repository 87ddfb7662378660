export const mine = {
  "mine.title": "Sáng kiến của tôi",
} as const;
