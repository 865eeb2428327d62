// Some of many, where looking at all would take too long.

/** `count` of `items`, evenly spread, the first among them. */
export const evenlySpread = <T>(items: readonly T[], count: number): readonly T[] => {
  if (items.length <= count) return items;
  return Array.from({ length: count }, (_, i) => items[Math.floor((i * items.length) / count)]!);
};
