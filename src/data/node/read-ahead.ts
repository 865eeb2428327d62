// Reads pictures' bytes before they are wanted, one after the other, so that decoding seldom waits for a disk: most of all those that
// will be decoded when the gate opens.

export interface ReadAhead {
  /** These images will be taken, after those told before and in this order. */
  expect(images: Iterable<number>): void;
  /** The bytes of an image, expected or not. Rejects as reading does. */
  take(image: number): Promise<Uint8Array>;
}

interface Held {
  readonly reading: Promise<Uint8Array>;
  /** 0 while it is read. */
  length: number;
}

/** `mostBytes` are held at once, but for the file that goes beyond them. */
export const createReadAhead = (read: (image: number) => Promise<Uint8Array>, mostBytes: number): ReadAhead => {
  const expected: number[] = [];
  const held = new Map<number, Held>();
  let heldBytes = 0;
  let isReading = false;

  const readOn = async (): Promise<void> => {
    if (isReading) return;
    isReading = true;
    while (heldBytes < mostBytes) {
      const image = expected.shift();
      if (image === undefined) break;
      if (held.has(image)) continue; // another batch has it too: whoever comes second reads it again
      const each: Held = { reading: read(image), length: 0 };
      held.set(image, each);
      const length = await each.reading.then(
        (bytes) => bytes.length,
        () => 0, // told to whoever takes it
      );
      if (held.get(image) !== each) continue; // it was taken meanwhile
      each.length = length;
      heldBytes += length;
    }
    isReading = false;
  };

  return {
    expect: (images) => {
      expected.push(...images);
      void readOn();
    },
    take: (image) => {
      const found = held.get(image);
      if (found === undefined) {
        const place = expected.indexOf(image);
        if (place >= 0) expected.splice(place, 1);
        return read(image);
      }
      held.delete(image);
      heldBytes -= found.length;
      void readOn();
      return found.reading;
    },
  };
};
