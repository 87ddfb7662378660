import { expect, test } from "vitest";
import {
  day,
  daysBetween,
  fraction,
  localDay,
  moment,
  number,
  parseDay,
  parseWhole,
  percent,
  vnd,
} from "./format";

test("numbers are grouped by dots and have a decimal comma", () => {
  expect(number(1234567)).toBe("1.234.567");
  expect(fraction(67.34)).toBe("67,3");
  expect(percent(232.3)).toBe("232,3 %");
  expect(vnd(16_000_000_000)).toBe("16.000.000.000 đ");
});

test("a sum of money is exact up to 2^53 and says beyond it that it is rounded", () => {
  expect(vnd(JSON.parse("9007199254740991"))).toBe("9.007.199.254.740.991 đ");
  expect(vnd(JSON.parse("9007199254740993"))).toBe("≈ 9.007.199.254.740.990 đ");
  expect(vnd(JSON.parse("1000009223372036854775807"))).toBe("≈ 1.000.009.223.372.040.000.000.000 đ");
});

test("days are dd/mm/yyyy, moments in the time of Vietnam", () => {
  expect(day("2022-05-31")).toBe("31/05/2022");
  expect(moment("2022-05-31T16:59:00Z")).toBe("31/05/2022 23:59");
  expect(moment("2022-05-31T17:00:00Z")).toBe("01/06/2022 00:00");
  expect(localDay("2022-05-31T17:00:00Z")).toBe("2022-06-01");
  expect(daysBetween("2022-05-31", "2022-06-02")).toBe(2);
});

test("a day is read however its parts are separated, and only if there is one", () => {
  expect(parseDay("1/3/2026")).toBe("2026-03-01");
  expect(parseDay(" 31-12-2021 ")).toBe("2021-12-31");
  expect(parseDay("31.12.2021")).toBe("2021-12-31");
  expect(parseDay("30/02/2022")).toBeNull();
  expect(parseDay("2022-05-31")).toBeNull();
  expect(parseDay("hôm qua")).toBeNull();
});

test("an amount is read with any separators", () => {
  expect(parseWhole("16.000.000.000")).toBe(16_000_000_000);
  expect(parseWhole("16 000 000")).toBe(16_000_000);
  expect(parseWhole("16 tỷ")).toBeNull();
  expect(parseWhole("")).toBeNull();
});
