// Checks one source file against the rules, by its syntax tree: words in comments and texts don't count.
import { parseSync } from "vite";
import { ambientFolders, importMatrix, maximumLines, nodeModules, packageFolders, testFolders } from "./rules.ts";

/** A line that breaks a rule. */
export interface Breach {
  readonly file: string;
  readonly line: number;
  readonly text: string;
  readonly rule: string;
}

/** Any node of the tree; its further fields depend on its type. */
interface SyntaxNode {
  readonly type: string;
  readonly start: number;
  readonly [field: string]: unknown;
}

/** What the walk reports: a node, the one around it, and the field in which it stands there. */
type Visit = (node: SyntaxNode, parent: SyntaxNode | null, field: string) => void;

/** Every breach in one file of src/. `file` is its path below src/, with "/". Throws when the text doesn't parse. */
export function checkSource(
  file: string,
  text: string,
  longFiles: Readonly<Record<string, string>> = {},
): readonly Breach[] {
  const { program, comments, errors } = parseSync(file, text);
  if (errors.length > 0) throw new Error(`${file} doesn't parse: ${errors[0]?.message}`);
  const breaches: Breach[] = [];
  const report = (start: number, rule: string): void => {
    const line = text.slice(0, start).split("\n").length;
    breaches.push({ file, line, text: text.split("\n")[line - 1]!.trim(), rule });
  };
  const root: unknown = program;
  if (!isNode(root)) throw new Error(`${file} has no syntax tree`);
  walk(root, (node, parent, field) => {
    const specifier = specifierOf(node);
    const rule =
      specifier !== null ? ruleOnImport(file, specifier) : (ruleOnNode(node) ?? ruleOnName(file, node, parent, field));
    if (rule !== null) report(node.start, rule);
  });
  for (const comment of comments) {
    if (/@ts-(ignore|expect-error|nocheck)/.test(comment.value))
      report(comment.start, "the compiler is not to be silenced");
  }
  const lines = text.trimEnd().split("\n").length;
  if (lines > maximumLines && longFiles[file] === undefined) {
    report(0, `a file has at most ${maximumLines} lines; this one has ${lines}`);
  }
  return breaches;
}

/** One breach in one line, for a test's message. */
export const formatBreach = ({ file, line, text, rule }: Breach): string => `src/${file}:${line}: ${rule}\n    ${text}`;

/** The folder of the matrix that a file below src/ belongs to: engines are folders of their own, everything else its top folder. */
export function folderOf(file: string): string {
  const folders = file.split("/").slice(0, -1);
  return folders[0] === "engine" ? folders.slice(0, 2).join("/") : (folders[0] ?? "");
}

/** Test code: it may use Node, and the reference engine with what it runs on. */
const isTest = (file: string): boolean => /\.(test|fixture)(\.[\w-]+)*\.ts$/.test(file);

/** Why a file must not import this; null where it may. */
function ruleOnImport(file: string, specifier: string): string | null {
  const folder = folderOf(file);
  if (specifier.startsWith("node:")) {
    const allowed = longestFit(file, nodeModules);
    return isTest(file) || allowed?.test(specifier) ? null : `${folder} doesn't import ${specifier}`;
  }
  if (!specifier.startsWith(".")) {
    const places =
      packageFolders[
        specifier
          .split("/")
          .slice(0, specifier.startsWith("@") ? 2 : 1)
          .join("/")
      ];
    if (places === undefined || isTest(file) || places.some((place) => file.startsWith(`${place}/`))) return null;
    return `only ${places.join(", ")} ${places.length === 1 ? "imports" : "import"} ${specifier}`;
  }
  const resolved = new URL(specifier, `file:///src/${file}`).pathname.slice(1); // below the repository's root
  const inside = resolved.startsWith("src/");
  const target = inside ? folderOf(resolved.slice("src/".length)) : `../${resolved.split("/")[0]}`;
  const allowed = importMatrix[folder];
  if (allowed === undefined) return `the import matrix has no folder ${folder}`;
  if (inside && isTest(resolved) && !isTest(file)) return "only tests import test code";
  if (target === folder || target === "base" || allowed.includes(target)) return null;
  if (isTest(file) && testFolders.includes(target)) return null;
  return `${folder || "index.ts"} doesn't import ${target || "index.ts"}`;
}

/** Rules on what is written, wherever it stands. */
function ruleOnNode(node: SyntaxNode): string | null {
  if (node.type === "TSAnyKeyword") return "no any";
  if (node.type === "ImportExpression") return "an import names its module, so that it can be checked";
  if (node.type === "TSAsExpression" && isNode(node.expression) && node.expression.type === "TSAsExpression") {
    return "no cast of a cast";
  }
  return null;
}

const ambientNames = new Set([
  "process",
  "navigator",
  "performance",
  "console",
  "globalThis",
  "window",
  "document",
  "fetch",
]);

/** Rules on names from outside the program: clock, environment, randomness. */
function ruleOnName(file: string, node: SyntaxNode, parent: SyntaxNode | null, field: string): string | null {
  if (isTest(file)) return null;
  if (isMember(node, "Math", "random")) return "randomness is counter-based: see base/philox.ts";
  if (longestFit(file, Object.fromEntries(ambientFolders.map((folder) => [folder, true]))) !== undefined) return null;
  const outside = (name: string): string => `${folderOf(file)} doesn't know ${name}: it is handed what it needs`;
  if (isMember(node, "Date", "now")) return outside("the clock");
  if (node.type === "NewExpression" && nameOf(node.callee) === "Date" && isEmpty(node.arguments)) {
    return outside("the clock");
  }
  const name = nameOf(node);
  if (name === null || !ambientNames.has(name)) return null;
  const isKey = field === "key" && parent?.computed !== true && parent?.shorthand !== true;
  const isProperty = field === "property" && parent?.computed !== true;
  return isKey || isProperty || field === "label" ? null : outside(name);
}

/** The module that a node names: import, export … from, import("…"), a type's import("…"), and a worker's new URL("…", import.meta.url). */
function specifierOf(node: SyntaxNode): string | null {
  if (
    /^(Import|ExportNamed|ExportAll)Declaration$/.test(node.type) ||
    /^(ImportExpression|TSImportType)$/.test(node.type)
  ) {
    return textOf(node.source);
  }
  if (node.type === "NewExpression" && nameOf(node.callee) === "URL" && Array.isArray(node.arguments)) {
    const [address, base]: readonly unknown[] = node.arguments;
    const path = textOf(address);
    return path !== null && base !== undefined && /^\.{1,2}\/.*\.[jt]s$/.test(path) ? path : null;
  }
  return null;
}

function walk(node: SyntaxNode, visit: Visit, parent: SyntaxNode | null = null, parentField = ""): void {
  visit(node, parent, parentField);
  for (const [field, value] of Object.entries(node)) {
    for (const child of Array.isArray(value) ? value : [value]) {
      if (isNode(child)) walk(child, visit, node, field);
    }
  }
}

/** The value of the longest folder that the file lies in; the folder "" holds only files directly below src/. */
function longestFit<T>(file: string, byFolder: Readonly<Record<string, T>>): T | undefined {
  const names = file.split("/"); // an entry may be the file itself
  if (names.length === 1) return byFolder[""];
  for (let depth = names.length; depth > 0; depth--) {
    const found = byFolder[names.slice(0, depth).join("/")];
    if (found !== undefined) return found;
  }
  return undefined;
}

const isNode = (value: unknown): value is SyntaxNode =>
  typeof value === "object" && value !== null && "type" in value && typeof value.type === "string" && "start" in value;
const isEmpty = (value: unknown): boolean => Array.isArray(value) && value.length === 0;
const nameOf = (node: unknown): string | null =>
  isNode(node) && node.type === "Identifier" && typeof node.name === "string" ? node.name : null;
const textOf = (node: unknown): string | null =>
  isNode(node) && node.type === "Literal" && typeof node.value === "string" ? node.value : null;
const isMember = (node: SyntaxNode, object: string, property: string): boolean =>
  node.type === "MemberExpression" && nameOf(node.object) === object && nameOf(node.property) === property;
