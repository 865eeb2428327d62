// `node dist/tools/setup/main.js`: makes sure of oneDNN, the data set and a font before the demo and the tests run.
// Done in well under 100 ms, without the network, when everything is there. Progress and remedies go to stderr, in plain lines.
import { homedir } from "node:os";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { cacheFolder } from "../../src/base/cache-folder.ts";
import { needs, type Places } from "./needs.ts";
import { runCommand } from "./run-command.ts";
import { type Missing, setUp } from "./set-up.ts";

const usage = `Makes sure of what Residual needs beyond npm's packages: oneDNN 2.6 or 2.7, the data set Fashion-MNIST, a font.

  node dist/tools/setup/main.js [--required] [--no-system]

On Debian with apt, root (or sudo without a password) installs the packages. Anyone else gets them extracted into the cache
folder (RESIDUAL_CACHE, or \`residual\` below XDG_CACHE_HOME or ~/.cache). Elsewhere it says what is needed and how to get it.

  --required    exit with status 1 when something needed could not be had; otherwise that is a warning
  --no-system   neither look in system places nor change them: everything comes from and goes into the cache folder
  --help        print this`;

const say = (line: string): void => console.error(`set-up: ${line}`);

async function main(): Promise<number> {
  const options = readOptions();
  if (options === null) return 2;
  if (options.help) {
    console.log(usage);
    return 0;
  }
  const { env } = process;
  const places: Places = {
    platform: process.platform,
    architecture: process.arch,
    homeFolder: homedir(),
    cacheFolder: resolve(cacheFolder(process.platform, homedir(), env)),
    system: !options.noSystem,
    oneDnnPath: env.RESIDUAL_ONEDNN || null,
    fontConfiguration: env.FONTCONFIG_FILE || env.FONTCONFIG_PATH || null,
  };
  const { found, missing } = await setUp({ needs, places, userId: process.getuid?.() ?? null, run: runCommand, say });
  if (missing.length === 0) {
    say(`all there: ${found.join(", ")}`);
    return 0;
  }
  return explain(missing, options.required);
}

/** Says what is missing, why, and how to get it. Gives the exit status. */
function explain(missing: Missing, required: boolean): number {
  for (const { need, reason } of missing) {
    say(`${need.name} is missing: ${reason}`);
    say(`  without it ${need.without}`);
    say(`  ${need.remedy}`);
  }
  if (required && missing.some(({ need }) => need.required)) return 1;
  say("going on without");
  return 0;
}

function readOptions(): { required: boolean; noSystem: boolean; help: boolean } | null {
  try {
    const { values } = parseArgs({
      options: { required: { type: "boolean" }, "no-system": { type: "boolean" }, help: { type: "boolean" } },
    });
    return {
      required: values.required === true,
      noSystem: values["no-system"] === true,
      help: values.help === true,
    };
  } catch (error) {
    say(`${error instanceof Error ? error.message : String(error)}; --help says what there is`);
    return null;
  }
}

process.exitCode = await main();
