// Makes sure of everything in the list of needs: installs it, extracts it into the cache folder, or says how to get it.
import { systemInstaller } from "./apt.ts";
import { packageExtractor } from "./extract-packages.ts";
import type { Need, Places } from "./needs.ts";
import type { RunCommand } from "./run-command.ts";

/** What set-up works with. `userId` is null where the platform has none. */
export interface SetUpContext {
  readonly needs: readonly Need[];
  readonly places: Places;
  readonly userId: number | null;
  readonly run: RunCommand;
  readonly say: (line: string) => void;
}

/** Needs that are not met, each with its reason. */
export type Missing = readonly { readonly need: Need; readonly reason: string }[];

/** How things stand at the end: what was found, in words, and what is still missing. */
export interface SetUpResult {
  readonly found: readonly string[];
  readonly missing: Missing;
}

/** Finds what is needed and gets what is missing. With everything present it runs no program and touches no network. */
export async function setUp(context: SetUpContext): Promise<SetUpResult> {
  const { needs, places } = context;
  const before = examine(needs, places);
  // A path that the person gave is the person's to mend: installing another library would not be used.
  const gettable = before.missing.filter(({ need }) => !(need.name === "oneDNN" && places.oneDnnPath !== null));
  if (gettable.length === 0) return before;
  const failures = new Map<Need, string>();
  try {
    await obtain(gettable, context, failures);
  } catch (error) {
    for (const { need } of gettable) failures.set(need, messageOf(error));
  }
  const after = examine(needs, places);
  return {
    found: after.found,
    missing: after.missing.map(({ need, reason }) => ({ need, reason: failures.get(need) ?? reason })),
  };
}

/** Gets one thing after the other; a failure is noted, and the next is tried. */
async function obtain(missing: Missing, context: SetUpContext, failures: Map<Need, string>): Promise<void> {
  const { run, places, say } = context;
  const way = await chooseWay(context);
  if (way === "none") return;
  const source = way === "extract" ? packageExtractor(run, places.cacheFolder, say) : systemInstaller(run, way, say);
  try {
    for (const { need } of missing) {
      say(`${need.name} is missing`);
      try {
        await source.get(way === "extract" ? need.extractedPackages : need.systemPackages);
        if (way === "extract") need.finish?.(places);
      } catch (error) {
        const hint = way === "extract" ? "" : "\nto get it into your cache folder instead, give the option --no-system";
        failures.set(need, messageOf(error) + hint);
      }
    }
  } finally {
    source.close();
  }
}

function examine(needs: readonly Need[], places: Places): SetUpResult {
  const found: string[] = [];
  const missing: { need: Need; reason: string }[] = [];
  for (const need of needs) {
    try {
      found.push(`${need.name} (${need.find(places)})`);
    } catch (error) {
      missing.push({ need, reason: messageOf(error) });
    }
  }
  return { found, missing };
}

/**
 * How packages can be had: root installs (the prefix of a privileged command is empty); so does sudo when it asks for no password;
 * anyone else extracts; without apt nothing can be had.
 */
async function chooseWay({ places, userId, run }: SetUpContext): Promise<readonly string[] | "extract" | "none"> {
  if (places.platform !== "linux" || (await run(["apt-get", "--version"])).status !== 0) return "none";
  if (places.system && userId === 0) return [];
  if (places.system && (await run(["sudo", "-n", "true"])).status === 0) return ["sudo", "-n"];
  return "extract";
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
