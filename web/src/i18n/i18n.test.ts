import { expect, test } from "vitest";
import { fill } from ".";
import { en } from "./en";
import { vi } from "./vi";

const names = (message: string): string[] => [...new Set(message.match(/\{\w+\}/g) ?? [])].sort();

test("both languages ask for the same values", () => {
  for (const [key, message] of Object.entries(vi)) {
    expect([key, names(en[key as keyof typeof vi])]).toEqual([key, names(message)]);
  }
});

test("no message is empty", () => {
  for (const message of [...Object.values(vi), ...Object.values(en)]) expect(message.trim()).not.toBe("");
});

test("Vietnamese has no plural forms, so a bar in a message is a mistake", () => {
  for (const [key, message] of Object.entries(vi)) expect([key, message.includes("|")]).toEqual([key, false]);
});

test("one and many are chosen by n", () => {
  expect(fill("{n} day|{n} days", { n: 1 })).toBe("1 day");
  expect(fill("{n} day|{n} days", { n: 2 })).toBe("2 days");
});
