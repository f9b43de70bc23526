/** The longest line, in characters. A longer one is passed on in pieces. */
const MAX_LENGTH = 16_384;

/** Splits the output of a process into lines. */
export class OutputLines {
  readonly #decoder = new TextDecoder();
  readonly #lineReceived: (line: string) => void;
  #rest = "";

  /** @param lineReceived Called with each line, without its end. */
  constructor(lineReceived: (line: string) => void) {
    this.#lineReceived = lineReceived;
  }

  /** Takes bytes of the output. */
  dataReceived(data: Uint8Array): void {
    this.#add(this.#decoder.decode(data, { stream: true }));
  }

  /** Passes on a last line that has no end. */
  end(): void {
    this.#add(this.#decoder.decode());
    if (this.#rest !== "") this.#lineReceived(this.#rest);
    this.#rest = "";
  }

  #add(text: string): void {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) this.#pass(line.endsWith("\r") ? line.slice(0, -1) : line);
    while (this.#rest.length >= MAX_LENGTH) {
      this.#lineReceived(this.#rest.slice(0, MAX_LENGTH));
      this.#rest = this.#rest.slice(MAX_LENGTH);
    }
  }

  #pass(line: string): void {
    for (let at = 0; at === 0 || at < line.length; at += MAX_LENGTH) {
      this.#lineReceived(line.slice(at, at + MAX_LENGTH));
    }
  }
}
