// What changed between two texts, word by word. Pure.

export interface Piece {
  text: string;
  /** same: in both; out: only in the earlier text; new: only in the later one. */
  kind: "same" | "out" | "new";
}

// Beyond so many comparisons the middle is shown as replaced as a whole: it would take too long on a cheap phone.
const MOST_CELLS = 1_500_000;

/** The pieces of both texts in reading order; joined without "out" they are the later text. */
export function wordDiff(before: string, after: string): Piece[] {
  const [a, b] = [words(before), words(after)];
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start += 1;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a[a.length - 1 - end] === b[b.length - 1 - end])
    end += 1;
  const pieces: Piece[] = [];
  add(pieces, "same", a.slice(0, start).join(""));
  middle(a.slice(start, a.length - end), b.slice(start, b.length - end), pieces);
  add(pieces, "same", end > 0 ? a.slice(-end).join("") : "");
  return pieces;
}

function words(text: string): string[] {
  // With the space after it, so that changed words in a row make one piece.
  return text.match(/^\s+|\S+\s*/g) ?? [];
}

function middle(a: readonly string[], b: readonly string[], pieces: Piece[]): void {
  if (a.length * b.length > MOST_CELLS) {
    add(pieces, "out", a.join(""));
    add(pieces, "new", b.join(""));
    return;
  }
  // longest[i][j]: the most words that a from i and b from j have in common.
  const width = b.length + 1;
  const longest = new Uint16Array((a.length + 1) * width);
  const at = (i: number, j: number): number => longest[i * width + j] ?? 0;
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      longest[i * width + j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      add(pieces, "same", a[i] ?? "");
      i += 1;
      j += 1;
    } else if (i < a.length && (j === b.length || at(i + 1, j) >= at(i, j + 1))) {
      add(pieces, "out", a[i] ?? "");
      i += 1;
    } else {
      add(pieces, "new", b[j] ?? "");
      j += 1;
    }
  }
}

function add(pieces: Piece[], kind: Piece["kind"], text: string): void {
  if (text === "") return;
  const last = pieces.at(-1);
  if (last?.kind === kind) last.text += text;
  else pieces.push({ kind, text });
}
