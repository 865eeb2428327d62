// The colours of a report. Blue and orange of Okabe and Ito (2008), which people with any colour vision tell apart;
// series differ in symbol and label as well, so that nothing hangs on colour alone.

export interface Palette {
  readonly background: string;
  readonly ink: string;
  readonly muted: string;
  readonly grid: string;
  readonly train: string;
  readonly validation: string;
  readonly test: string;
  /** Fills that white text can stand on. */
  readonly right: string;
  readonly wrong: string;
}

export const light: Palette = {
  background: "#ffffff",
  ink: "#1b1e23",
  muted: "#5b6470",
  grid: "#e2e5ea",
  train: "#0072b2",
  validation: "#c25400",
  test: "#1b1e23",
  right: "#0a629c",
  wrong: "#b54708",
};

export const dark: Palette = {
  background: "#14171b",
  ink: "#e8eaed",
  muted: "#a0a8b3",
  grid: "#2d333b",
  train: "#56b4e9",
  validation: "#f0a04b",
  test: "#e8eaed",
  right: "#1f78b4",
  wrong: "#bf5815",
};

/** The palette as names of CSS variables: for pictures within the page, which follows the reader's light or dark mode. */
export const cssPalette: Palette = {
  background: "var(--background)",
  ink: "var(--ink)",
  muted: "var(--muted)",
  grid: "var(--grid)",
  train: "var(--train)",
  validation: "var(--validation)",
  test: "var(--test)",
  right: "var(--right)",
  wrong: "var(--wrong)",
};

/** The declarations that give the variables above their colours. */
export const cssVariables = (palette: Palette): string =>
  Object.entries(palette)
    .map(([name, colour]) => `--${name}: ${colour};`)
    .join(" ");
