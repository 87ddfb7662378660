// An amount in words as it is read aloud: "mười sáu tỷ đồng". Pure.

const DIGITS = ["không", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín"] as const;
const ENGLISH_SMALL =
  "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split(
    " ",
  );
const ENGLISH_TENS = ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];

/** 16000000000 → "mười sáu tỷ đồng". Whole đồng from 0 to 10^15. */
export function vndWordsVi(amount: number): string {
  return `${numberVi(amount)} đồng`;
}

/** 16000000000 → "sixteen billion dong". */
export function vndWordsEn(amount: number): string {
  return `${numberEn(amount)} dong`;
}

function numberVi(amount: number): string {
  if (amount === 0) return "không";
  // "nghìn tỷ", "triệu tỷ": what lies above a billion is itself a number of billions.
  const billions = Math.floor(amount / 1_000_000_000);
  const rest = amount % 1_000_000_000;
  const words: string[] = [];
  if (billions > 0) words.push(`${numberVi(billions)} tỷ`);
  const groups: [number, string][] = [
    [Math.floor(rest / 1_000_000), "triệu"],
    [Math.floor(rest / 1000) % 1000, "nghìn"],
    [rest % 1000, ""],
  ];
  for (const [group, unit] of groups) {
    if (group > 0) words.push(`${threeVi(group, words.length > 0)} ${unit}`.trim());
  }
  return words.join(" ");
}

function threeVi(group: number, full: boolean): string {
  const hundreds = Math.floor(group / 100);
  const tens = Math.floor(group / 10) % 10;
  const ones = group % 10;
  const words: string[] = [];
  if (hundreds > 0 || full) words.push(`${DIGITS[hundreds]} trăm`);
  if (tens > 1) words.push(`${DIGITS[tens]} mươi`);
  else if (tens === 1) words.push("mười");
  else if (ones > 0 && words.length > 0) words.push("linh");
  if (ones > 0) words.push(onesVi(ones, tens));
  return words.join(" ");
}

function onesVi(ones: number, tens: number): string {
  if (ones === 1 && tens > 1) return "mốt";
  if (ones === 4 && tens > 1) return "tư";
  if (ones === 5 && tens > 0) return "lăm";
  return DIGITS[ones] ?? "";
}

function numberEn(amount: number): string {
  if (amount === 0) return "zero";
  const groups: [number, string][] = [
    [Math.floor(amount / 1e15), "quadrillion"],
    [Math.floor(amount / 1e12) % 1000, "trillion"],
    [Math.floor(amount / 1e9) % 1000, "billion"],
    [Math.floor(amount / 1e6) % 1000, "million"],
    [Math.floor(amount / 1000) % 1000, "thousand"],
    [amount % 1000, ""],
  ];
  return groups
    .filter(([group]) => group > 0)
    .map(([group, unit]) => `${threeEn(group)} ${unit}`.trim())
    .join(" ");
}

function threeEn(group: number): string {
  const hundreds = Math.floor(group / 100);
  const rest = group % 100;
  const words: string[] = [];
  if (hundreds > 0) words.push(`${ENGLISH_SMALL[hundreds]} hundred`);
  if (rest >= 20) {
    const ones = rest % 10;
    words.push(`${ENGLISH_TENS[Math.floor(rest / 10)]}${ones > 0 ? `-${ENGLISH_SMALL[ones]}` : ""}`);
  } else if (rest > 0) words.push(ENGLISH_SMALL[rest] ?? "");
  return words.join(" ");
}
