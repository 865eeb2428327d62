// What every page is made of: a head without any address, one column, facts in rows.
import { type Markup, markup, trusted } from "./markup.ts";
import { stylesheet } from "./stylesheet.ts";

/** A page that needs nothing else: no script, no network (its policy forbids both), pictures inside. */
export const wholePage = (title: string, content: Markup): string =>
  markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>${title}</title>
<style>${trusted(stylesheet)}</style>
</head>
<body>
<main>
${content}
</main>
</body>
</html>
`.text;

/** Names and values in rows. */
export const factList = (rows: readonly (readonly [name: string, value: string])[]): Markup =>
  markup`<dl class="facts">${rows.map(([name, value]) => markup`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;
