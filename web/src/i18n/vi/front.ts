export const front = {
  "front.title": "Tiến độ chương trình",
} as const;
