// A memory plan as a picture of letters: time runs to the right, addresses run upwards, a letter is a value, a dot is free.
import type { MemoryPlan, Placement } from "./memory.ts";

const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

export interface DrawingSize {
  /** Characters along time; default 72. */
  readonly columns?: number;
  /** Lines along the arena; default 24. */
  readonly rows?: number;
}

/**
 * Draws which value has which bytes of the arena at what time. A cell shows what is alive at its middle, so values smaller or
 * shorter-lived than a cell may not show; letters repeat after 52 values. The last line gives the arena, the lower bound (the
 * most bytes alive at once), and their ratio.
 */
export const drawMemory = (plan: MemoryPlan, { columns = 72, rows = 24 }: DrawingSize = {}): string => {
  const { placements, arenaBytes, lowerBoundBytes } = plan;
  const end = placements.reduce((last, placement) => Math.max(last, placement.last + 1), 0);
  const inTime = placements.toSorted((a, b) => a.first - b.first || a.offset - b.offset);
  const letterOf = new Map(inTime.map((placement, i) => [placement, letters[i % letters.length] ?? "?"]));
  const at = (time: number, address: number): Placement | undefined =>
    inTime.find(
      ({ first, last, offset, bytes }) =>
        first <= time && time < last + 1 && offset <= address && address < offset + bytes,
    );
  const lines = Array.from({ length: placements.length === 0 ? 0 : rows }, (_, row) => {
    const address = (arenaBytes * (rows - row - 0.5)) / rows;
    const cells = Array.from({ length: columns }, (_, column) => {
      const placement = at((end * (column + 0.5)) / columns, address);
      return placement === undefined ? "." : (letterOf.get(placement) ?? "?");
    });
    return `${mebibytes((arenaBytes * (rows - row)) / rows).padStart(12)} ${cells.join("")}`;
  });
  const ratio = lowerBoundBytes === 0 ? 1 : arenaBytes / lowerBoundBytes;
  const total = `arena ${mebibytes(arenaBytes)}, lower bound ${mebibytes(lowerBoundBytes)}, ratio ${ratio.toFixed(3)}`;
  return `${[...lines, total].join("\n")}\n`;
};
