export const unit = {
  "unit.title": "Bàn đơn vị",
} as const;
