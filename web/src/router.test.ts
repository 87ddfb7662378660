import { expect, test } from "vitest";
import { fold } from "./fold";
import { splitHash } from "./router";

test("path and query both live in the fragment", () => {
  expect(splitHash("#/units/TLD?campaign=phase-1&as_of=2022-05-31")).toEqual({
    path: "/units/TLD",
    search: "campaign=phase-1&as_of=2022-05-31",
  });
  expect(splitHash("")).toEqual({ path: "/", search: "" });
  expect(splitHash("#initiatives")).toEqual({ path: "/initiatives", search: "" });
});

test("folding takes diacritics and case away", () => {
  expect(fold("Đắk Lắk")).toBe("dak lak");
  expect(fold("Sáng Kiến")).toBe("sang kien");
});
