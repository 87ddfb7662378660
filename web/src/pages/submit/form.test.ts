import { expect, test } from "vitest";
import { changedPointers, contentOf, emptyForm, equalShares, formOf, stepOf, sumOfShares } from "./form";

const form = () => emptyForm("m-member0001", "HC-APATIT-VIET-NAM", "evaluation");

test("a confirmation belongs to an amount, and a form kept from before has none", () => {
  const sure = { ...form(), benefit: "money" as const, declared: "2000000000", confirmed: true };
  expect(contentOf(sure).benefit?.confirmed).toBe(true);
  expect(contentOf({ ...sure, benefit: "social" as const }).benefit?.confirmed).toBe(false);
  const { confirmed: _, ...before } = sure;
  expect(contentOf(before as typeof sure).benefit?.confirmed).toBe(false);
});

test("a form becomes a content and the same form again", () => {
  const typed = {
    ...form(),
    title: "Cải tiến gầu xúc",
    benefit: "money" as const,
    declared: "16.000.000",
    first_applied_on: "1/3/2026",
  };

  const content = contentOf(typed);

  expect(content.first_applied_on).toBe("2026-03-01");
  expect(content.benefit?.declared_vnd).toBe(16_000_000);
  expect(contentOf(formOf(content))).toEqual(content);
});

test("what cannot be read is sent as it was typed, but left out of an autosave", () => {
  const typed = { ...form(), first_applied_on: "hôm qua", benefit: "money" as const, declared: "nhiều" };

  expect(contentOf(typed).first_applied_on).toBe("hôm qua");
  expect(contentOf(typed).benefit?.declared_vnd).toBe("nhiều");
  expect(contentOf(typed, true).first_applied_on).toBeNull();
  expect(contentOf(typed, true).benefit?.declared_vnd).toBeNull();
});

test.each([1, 2, 3, 6, 7, 11])("equal shares of %d authors make exactly 100,00", (count) => {
  const authors = equalShares(count).map((share) => ({
    kind: "external" as const,
    member: "",
    name: "",
    lead: false,
    share,
  }));
  expect(sumOfShares(authors)).toBe(10_000);
});

test("shares are summed with a comma or a point", () => {
  const author = { kind: "external" as const, member: "", name: "", lead: false };
  expect(
    sumOfShares([
      { ...author, share: "66,67" },
      { ...author, share: "33.33" },
    ]),
  ).toBe(10_000);
  expect(sumOfShares([{ ...author, share: "66,6" }])).toBe(6660);
  expect(sumOfShares([{ ...author, share: "x" }])).toBeNull();
});

test("every pointer has the step on which its field stands", () => {
  expect(stepOf("#/declarations/lawful")).toBe("rules");
  expect(stepOf("#/authors/0/share")).toBe("authors");
  expect(stepOf("#/benefit/method")).toBe("benefit");
  expect(stepOf("#/solution")).toBe("content");
  expect(stepOf("#/title")).toBe("about");
});

test("what differs between two contents is named by its pointers", () => {
  const before = contentOf(form());
  expect(changedPointers(before, { ...before, title: "Tên mới" })).toEqual(["#/title"]);
  expect(changedPointers(before, contentOf(form()))).toEqual([]);
});
