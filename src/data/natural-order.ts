// The order in which people count: runs of digits by their value, so that "class2" comes before "class10".

const parts = (text: string): readonly string[] => text.match(/\d+|\D+/g) ?? [];
const isNumber = (part: string): boolean => /^\d/.test(part);

/** Of two runs of digits the longer one is the larger, leading zeros aside. */
const compareNumbers = (a: string, b: string): number => {
  const [x, y] = [a.replace(/^0+/, ""), b.replace(/^0+/, "")];
  return x.length - y.length || compareText(x, y);
};
const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/**
 * Below 0 where `a` comes first. Other characters by their code units, as torchvision sorts whole names; names that differ in leading
 * zeros alone by code units as well. The same on every machine, whatever its language.
 */
export const naturalOrder = (a: string, b: string): number => {
  const [left, right] = [parts(a), parts(b)];
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const [x, y] = [left[i]!, right[i]!];
    const order = isNumber(x) && isNumber(y) ? compareNumbers(x, y) : compareText(x, y);
    if (order !== 0) return order;
  }
  return left.length - right.length || compareText(a, b);
};
