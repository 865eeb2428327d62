// Names of files as messages show them: on one line, whatever is in them.

/** Control characters, and what turns the direction of text, as \u escapes. */
export const printable = (name: string): string =>
  name.replaceAll(
    /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
