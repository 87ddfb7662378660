export const submit = {
  "submit.title": "Đăng ký sáng kiến",
} as const;
