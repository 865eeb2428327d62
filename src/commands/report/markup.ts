// Markup that cannot be broken by what is put into it. A template's own text is markup; every value in it is escaped,
// unless it is markup already. So class names and file names can hold anything, in HTML and in SVG (which is XML).

/** A piece of HTML or SVG. Made by `markup`, or by `trusted` from text that another serialiser has escaped. */
export class Markup {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

export const trusted = (text: string): Markup => new Markup(text);

type Insertable = string | number | Markup | readonly Insertable[];

const entities: { readonly [character: string]: string } = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/**
 * Text that any document can hold: characters that XML 1.0 forbids (controls, halves of surrogate pairs, U+FFFE, U+FFFF)
 * and those that reorder their neighbours (bidirectional overrides) become U+FFFD.
 */
export const printable = (text: string): string =>
  text.replace(/(?![\t\n\r])\p{Cc}|\p{Cs}|[\u202A-\u202E\u2066-\u2069\uFFFE\uFFFF]/gu, "\uFFFD");

export const escapeMarkup = (text: string): string =>
  printable(text).replace(/[&<>"']/g, (character) => entities[character] ?? "");

const textOf = (value: Insertable): string => {
  if (value instanceof Markup) return value.text;
  if (typeof value === "string" || typeof value === "number") return escapeMarkup(String(value));
  return value.map(textOf).join("");
};

/** A template of markup; its values are escaped. Lists are joined without a separator. */
export const markup = (strings: TemplateStringsArray, ...values: readonly Insertable[]): Markup =>
  new Markup(strings.reduce((text, string, i) => text + textOf(values[i - 1] ?? "") + string));

/** The text, or its beginning and "…" when it is longer than `length` characters. */
export const shorten = (text: string, length: number): string => {
  const characters = [...text];
  return characters.length <= length ? text : `${characters.slice(0, length - 1).join("")}…`;
};
