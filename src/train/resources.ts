// Things that have to be disposed of, whatever happens: in reverse order, all of them, and without hiding what went wrong first.

export interface Resource {
  dispose(): Promise<void>;
}

/** Notes a resource for disposal, and returns it. */
export type Keep = <T extends Resource>(resource: T) => T;

/** Runs `use`, then disposes of what it kept. Rejects with its error or, when it had none, with the first of disposal. */
export const withResources = async <T>(use: (keep: Keep) => Promise<T>): Promise<T> => {
  const alive: Resource[] = [];
  const disposeAll = async (): Promise<readonly unknown[]> => {
    const errors: unknown[] = [];
    for (const resource of alive.toReversed()) await resource.dispose().catch((error: unknown) => errors.push(error));
    return errors;
  };
  const keep: Keep = (resource) => {
    alive.push(resource);
    return resource;
  };
  let result: T;
  try {
    result = await use(keep);
  } catch (error) {
    await disposeAll();
    throw error;
  }
  const errors = await disposeAll();
  if (errors.length > 0) throw errors[0];
  return result;
};
