export const operator = {
  "operator.title": "Vận hành",
} as const;
