// Text without its diacritics, for comparing what is typed with what is there: "Đắk Lắk" → "dak lak".

export function fold(text: string): string {
  return text
    .normalize("NFD")
    .replace(/[\u0300-\u036f]/g, "")
    .replace(/[đĐ]/g, "d")
    .toLowerCase()
    .trim();
}
