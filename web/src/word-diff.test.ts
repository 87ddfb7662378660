import { expect, test } from "vitest";
import { wordDiff } from "./word-diff";

const later = (before: string, after: string): string =>
  wordDiff(before, after)
    .filter((piece) => piece.kind !== "out")
    .map((piece) => piece.text)
    .join("");
const earlier = (before: string, after: string): string =>
  wordDiff(before, after)
    .filter((piece) => piece.kind !== "new")
    .map((piece) => piece.text)
    .join("");

test("a changed word is shown out and new, the others as they were", () => {
  expect(wordDiff("giảm 12 phút mỗi ca", "giảm 15 phút mỗi ca")).toEqual([
    { kind: "same", text: "giảm " },
    { kind: "out", text: "12 " },
    { kind: "new", text: "15 " },
    { kind: "same", text: "phút mỗi ca" },
  ]);
});

test("equal texts have no change, and an empty one is wholly new", () => {
  expect(wordDiff("như cũ", "như cũ")).toEqual([{ kind: "same", text: "như cũ" }]);
  expect(wordDiff("", "mới hẳn")).toEqual([{ kind: "new", text: "mới hẳn" }]);
});

test("both texts can be read from the pieces, line breaks included", () => {
  const [before, after] = ["một hai\n\nba bốn năm", "hai ba\nbốn sáu năm bảy"];
  expect(later(before, after)).toBe(after);
  expect(earlier(before, after)).toBe(before);
});

test("long texts that have nothing in common are replaced as a whole", () => {
  const before = Array.from({ length: 2000 }, (_, n) => `a${n}`).join(" ");
  const after = Array.from({ length: 2000 }, (_, n) => `b${n}`).join(" ");
  expect(wordDiff(before, after).map((piece) => piece.kind)).toEqual(["out", "new"]);
});
