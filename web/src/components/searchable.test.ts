import { expect, it } from "vitest";
import { searchable } from "./searchable";

it.each(["da", "Hà Nội", "a bc", "đạ", "đạ".normalize("NFD"), "7B"])("searches for %s", (text) => {
  expect(searchable(text)).toBe(true);
});

it.each(["", "d", "đ", "ạ".normalize("NFD"), "a b", "a-1", "--"])("waits for more than %s", (text) => {
  expect(searchable(text)).toBe(false);
});
