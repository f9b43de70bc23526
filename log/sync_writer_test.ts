import { assertEquals, assertThrows } from "@std/assert";
import { writeText } from "./sync_writer.ts";

/** A pipe with room for `room` bytes until data is read from it. */
class Pipe {
  text = "";
  #room = 0;
  readonly #size: number;
  constructor(size: number) {
    this.#size = size;
  }

  writeSync(data: Uint8Array): number {
    if (this.#room === 0) {
      throw Object.assign(new Error("Resource temporarily unavailable"), { code: "EAGAIN" });
    }
    const taken = data.subarray(0, this.#room);
    this.#room -= taken.length;
    this.text += new TextDecoder().decode(taken);
    return taken.length;
  }

  readonly read = (): void => {
    this.#room = this.#size;
  };
}

Deno.test("writeText() waits for a full non-blocking writer, and writes all", () => {
  const pipe = new Pipe(3);
  const pauses: number[] = [];
  writeText(pipe, "a line of text\n", (milliseconds) => {
    pauses.push(milliseconds);
    pipe.read();
  });
  assertEquals([pipe.text, pauses], ["a line of text\n", [2, 2, 2, 2, 2]]);
});

Deno.test("writeText() throws if a writer accepts nothing for a second", () => {
  const pipe = new Pipe(3);
  let waited = 0;
  const pause = (milliseconds: number): void => {
    waited += milliseconds;
  };
  assertThrows(() => writeText(pipe, "a line\n", pause), Error, "temporarily unavailable");
  assertEquals(waited, 1000);
});
