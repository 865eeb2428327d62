// Runs the jobs of an engine one after the other, in the order in which they were asked for. A job that fails fails alone.
export class Queue {
  #last: Promise<unknown> = Promise.resolve();
  #closed = false;

  /** Throws once the engine is disposed of. */
  check(): void {
    if (this.#closed) throw new Error("this engine is disposed of: it can't be used any more");
  }

  /** Accepts no more jobs; settles when the last one is done. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#last;
  }

  /** Settles as the job does. */
  enqueue<T>(job: () => T): Promise<T> {
    const result = this.#last.then(job);
    this.#last = result.catch(() => {});
    return result;
  }
}
