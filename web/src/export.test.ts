import { expect, test } from "vitest";
import { toCsv } from "./export";

test("a sheet is written with its mark of UTF-8, quotes doubled and nothing for what is not there", () => {
  const sheet = {
    name: "x",
    columns: ["Đơn vị", "Số"],
    rows: [
      ['Công đoàn "A", B', 1234],
      ["Hai\ndòng", null],
    ],
  };
  expect(toCsv(sheet)).toBe('\uFEFFĐơn vị,Số\r\n"Công đoàn ""A"", B",1234\r\n"Hai\ndòng",\r\n');
});

test("a text that a spreadsheet would run as a formula is disarmed, a negative number is not", () => {
  const sheet = { name: "x", columns: ["a"], rows: [["=1+1"], ["@x"], ["-2"], [-2]] };
  expect(toCsv(sheet)).toBe("\uFEFFa\r\n'=1+1\r\n'@x\r\n'-2\r\n-2\r\n");
});
