// Names of tensors as templates, to read one family's names and write another's:
//   "stages.{s}.blocks.{b}.norm{i}.*"  and  "layer{s+1}.{b}.bn{i}.*"
// {x} is a whole number, {x+1} one more than it, and * whatever follows.

interface Place {
  readonly letter: string;
  /** What the name shows less the number itself: 0 or 1. */
  readonly offset: number;
}

export interface NameTemplate {
  /** The numbers in a name and what follows; null for a name of another form. */
  parse(name: string): NameParts | null;
  /** The name with these numbers. */
  format(parts: NameParts): string;
}
export interface NameParts {
  readonly numbers: Readonly<Record<string, number>>;
  readonly rest: string;
}

const hole = /\{([a-z])(\+1)?\}|\*/g;

/** Reads a template. At most one `*`, at the end. */
export const nameTemplate = (text: string): NameTemplate => {
  const places: Place[] = [];
  const pattern = text.replaceAll(/[.]/g, "\\.").replaceAll(hole, (found, letter: string, more?: string) => {
    if (found === "*") return "(?<rest>.+)";
    places.push({ letter, offset: more === undefined ? 0 : 1 });
    return `(?<${letter}>0|[1-9]\\d{0,5})`;
  });
  const regex = new RegExp(`^${pattern}$`);
  return {
    parse: (name) => {
      const match = regex.exec(name);
      if (match === null) return null;
      const { groups } = match;
      const numbers: Record<string, number> = {};
      for (const { letter, offset } of places) {
        numbers[letter] = Number(groups?.[letter]) - offset;
        if (numbers[letter] < 0) return null;
      }
      return { numbers, rest: groups?.rest ?? "" };
    },
    format: ({ numbers, rest }) =>
      text.replaceAll(hole, (found, letter: string, more?: string) =>
        found === "*" ? rest : String((numbers[letter] ?? 0) + (more === undefined ? 0 : 1)),
      ),
  };
};
