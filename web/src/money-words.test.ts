import { expect, test } from "vitest";
import { vndWordsEn, vndWordsVi } from "./money-words";

test.each([
  [0, "không đồng"],
  [10, "mười đồng"],
  [15, "mười lăm đồng"],
  [21, "hai mươi mốt đồng"],
  [24, "hai mươi tư đồng"],
  [55, "năm mươi lăm đồng"],
  [101, "một trăm linh một đồng"],
  [1_005, "một nghìn không trăm linh năm đồng"],
  [185_000_000, "một trăm tám mươi lăm triệu đồng"],
  [16_000_000_000, "mười sáu tỷ đồng"],
  [1_000_000_001, "một tỷ không trăm linh một đồng"],
  [33_000_000_000_000, "ba mươi ba nghìn tỷ đồng"],
  [1_000_000_000_000_000, "một triệu tỷ đồng"],
])("%d is read as %s", (amount, words) => {
  expect(vndWordsVi(amount)).toBe(words);
});

test("amounts are read in English too", () => {
  expect(vndWordsEn(16_000_000_000)).toBe("sixteen billion dong");
  expect(vndWordsEn(185_000_021)).toBe("one hundred eighty-five million twenty-one dong");
});
