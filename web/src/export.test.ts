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

test.each([
  ["foo;=1+1", '"foo;\'=1+1"'],
  ["a; =1", '"a; \'=1"'],
  ["a\t@SUM(A1)", '"a\t\'@SUM(A1)"'],
  ["a\n+1", '"a\n\'+1"'],
  ["＝1+1", "'＝1+1"],
  ["＋1", "'＋1"],
  ["－1", "'－1"],
  ["＠x", "'＠x"],
  ["−1", "'−1"],
  ["x;＝1;=2", "\"x;'＝1;'=2\""],
  ["\t=1", "\"'\t'=1\""],
  ["\rx", '"\'\rx"'],
])("no spreadsheet runs %j, whatever separates its lists", (text, cell) => {
  expect(toCsv({ name: "x", columns: ["a"], rows: [[text]] })).toBe(`\uFEFFa\r\n${cell}\r\n`);
});

test.each(["Công đoàn Than - Khoáng sản", "a+b=c", "Tổ 1, 2", "m-0123"])(
  "an ordinary %j keeps its words",
  (text) => {
    expect(toCsv({ name: "x", columns: ["a"], rows: [[text]] })).toContain(text);
  },
);
