// How the page looks: one column, the reader's own fonts, light or dark as the reader's system is, black on white in print.
import { cssVariables, dark, light } from "./palette.ts";
import { fontFamily } from "./picture.ts";

export const stylesheet = `
:root { color-scheme: light dark; --panel: #f6f7f9; ${cssVariables(light)} }
@media (prefers-color-scheme: dark) { :root { --panel: #1b1f24; ${cssVariables(dark)} } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--background); color: var(--ink); font: 16px/1.55 ${fontFamily}; }
main { max-width: 908px; margin: 0 auto; padding: 48px 24px 72px; }
h1 { font-size: 34px; line-height: 1.2; letter-spacing: -0.015em; margin: 4px 0 6px; overflow-wrap: anywhere; }
h2 { font-size: 21px; letter-spacing: -0.01em; margin: 56px 0 6px; padding-top: 20px; border-top: 1px solid var(--grid); }
p { margin: 0 0 14px; max-width: 70ch; }
.kind, .muted, figcaption, caption { color: var(--muted); }
.kind { font-size: 13px; letter-spacing: 0.06em; text-transform: uppercase; margin: 0; }
.headline { display: flex; flex-wrap: wrap; gap: 12px 40px; margin: 28px 0 30px; padding: 22px 26px; background: var(--panel); border-radius: 10px; }
.headline > div { min-width: 150px; }
.headline dt { color: var(--muted); font-size: 14px; }
.headline dd { margin: 0; font-size: 22px; font-weight: 600; letter-spacing: -0.01em; font-variant-numeric: tabular-nums; }
.headline .first dd { font-size: 46px; line-height: 1.15; letter-spacing: -0.03em; }
.headline small { display: block; font-size: 13.5px; font-weight: 400; line-height: 1.5; letter-spacing: 0; color: var(--muted); }
.facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 360px), 1fr)); gap: 0 32px; margin: 0; font-size: 15px; }
.facts > div { display: flex; justify-content: space-between; gap: 16px; padding: 7px 0; border-bottom: 1px solid var(--grid); }
.facts dt { color: var(--muted); flex: none; }
.facts dd { margin: 0; text-align: right; overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
figure { margin: 18px 0 0; }
figure svg { display: block; max-width: 100%; height: auto; }
.scroll { overflow-x: auto; }
.scroll > svg { min-width: 600px; }
details { margin: 14px 0 0; font-size: 14px; }
summary { cursor: pointer; color: var(--muted); }
table { border-collapse: collapse; margin: 12px 0 4px; font-size: 13.5px; font-variant-numeric: tabular-nums; }
caption { text-align: left; padding-bottom: 6px; }
th, td { padding: 4px 10px; border-bottom: 1px solid var(--grid); text-align: right; white-space: nowrap; }
th { font-weight: 600; }
th[scope="row"], thead th:first-child { text-align: left; }
td small { color: var(--muted); }
.mistakes { list-style: none; margin: 20px 0 0; padding: 0; display: grid; grid-template-columns: repeat(auto-fill, minmax(180px, 1fr)); gap: 26px 20px; }
.mistakes img { display: block; width: 100%; height: auto; aspect-ratio: 1; object-fit: contain; image-rendering: pixelated; border-radius: 6px; background: var(--panel); }
.mistakes div { display: flex; justify-content: space-between; gap: 8px; margin-top: 7px; font-size: 14px; line-height: 1.35; }
.mistakes b { font-weight: 600; overflow-wrap: anywhere; }
.mistakes div span:last-child { flex: none; font-variant-numeric: tabular-nums; }
.bar { display: block; width: 100%; height: 4px; margin-top: 3px; border-radius: 2px; }
pre { background: var(--panel); border-radius: 8px; padding: 14px 18px; overflow-x: auto; font: 13.5px/1.5 ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace; }
pre.command { white-space: pre-wrap; overflow-wrap: anywhere; }
footer { margin-top: 48px; font-size: 13.5px; }
@media print {
  :root { color-scheme: light; --panel: #f6f7f9; ${cssVariables(light)} }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  body { font-size: 11pt; }
  main { max-width: none; padding: 0; }
  h2 + p { break-after: avoid; }
  h2 { break-after: avoid; margin-top: 32px; }
  figure, .headline, .facts > div, .mistakes li, tr { break-inside: avoid; }
  .mistakes { grid-template-columns: repeat(4, 1fr); }
  .scroll { overflow: visible; }
  .scroll > svg { min-width: 0; }
  pre { white-space: pre-wrap; overflow-wrap: anywhere; }
  details::details-content { content-visibility: visible; display: block; block-size: auto; }
}
`;
