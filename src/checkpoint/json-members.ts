// What JSON.parse hides: the order of an object's members as written, where each stands, and names that occur twice.
// It walks a text that JSON.parse has accepted already, so it checks no grammar.

export interface JsonMember {
  readonly name: string;
  /** Where the name's opening quote stands, in UTF-16 units. */
  readonly index: number;
}

export interface JsonMembers {
  /** The members of the outermost object, in the order of the text (JSON.parse moves names such as "0" to the front). */
  readonly outermost: readonly JsonMember[];
  /** The first name that an object, at any depth, holds for the second time. */
  readonly duplicate: JsonMember | null;
}

/** Lists the members of a valid JSON text whose value is an object. Linear in the text's length. */
export const jsonMembers = (text: string): JsonMembers => {
  const outermost: JsonMember[] = [];
  let duplicate: JsonMember | null = null;
  const open: (Set<string> | null)[] = []; // the names seen in each open object; null for an array
  let nameExpected = false;
  for (let i = 0; i < text.length; i++) {
    switch (text[i]) {
      case "{":
        open.push(new Set());
        nameExpected = true;
        break;
      case "[":
        open.push(null);
        nameExpected = false;
        break;
      case "}":
      case "]":
        open.pop();
        nameExpected = false;
        break;
      case ",":
        nameExpected = open.at(-1) instanceof Set;
        break;
      case '"': {
        const index = i;
        for (i++; text[i] !== '"'; i++) if (text[i] === "\\") i++;
        const names = open.at(-1);
        if (!nameExpected || !names) break;
        const name = String(JSON.parse(text.slice(index, i + 1)));
        if (names.has(name)) duplicate ??= { name, index };
        names.add(name);
        if (open.length === 1) outermost.push({ name, index });
        nameExpected = false;
      }
    }
  }
  return { outermost, duplicate };
};
