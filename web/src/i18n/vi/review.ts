export const review = {
  "review.title": "Bàn xét duyệt",
} as const;
