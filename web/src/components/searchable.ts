/** Whether a text has a word of two letters or digits, which the search for units needs. */
export function searchable(text: string): boolean {
  return /[\p{L}\p{N}]{2}/u.test(text.normalize("NFC"));
}
