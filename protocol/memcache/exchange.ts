import { quote } from "../../internal/foreign_value.ts";
import type { ITransport } from "../../reactor/interfaces/mod.ts";
import type { AnswerReader, Outcome } from "./answer_readers.ts";
import { ClientError } from "./errors.ts";
import type { MemCacheAnswer } from "./memcache_answers.ts";

const CR = 0x0d;
const LF = 0x0a;
/** Up to this number of bytes, a value is copied into one chunk with its line. */
const SMALL = 4096;
/** The number of characters of a line that an error message shows. */
const SHOWN = 100;
const LINE_END = "\r\n";
const encoder = new TextEncoder();

/** A request, and its answer. */
export class Exchange<T> {
  readonly #line: string;
  readonly #value: Uint8Array | null;
  readonly #length: number;
  readonly #read: AnswerReader<T>;
  #outcome: Outcome<T> = "incomplete";

  /**
   * @param command The words of the line, without the length of the value.
   * @param read Reads the answer.
   * @param value The value that follows the line.
   * @param rest The words that follow the length of the value.
   */
  constructor(command: string, read: AnswerReader<T>, value: Uint8Array | null = null, rest = "") {
    this.#read = read;
    this.#value = value;
    this.#length = value?.length ?? 0;
    this.#line = value === null
      ? command + LINE_END
      : `${command} ${this.#length}${rest}${LINE_END}`;
  }

  /** Whether a value follows the line. */
  get hasValue(): boolean {
    return this.#value !== null;
  }

  /** The size of the request in bytes; less if the line has characters that are not ASCII. */
  get size(): number {
    return this.#line.length + (this.#value === null ? 0 : this.#length + LINE_END.length);
  }

  /**
   * The result.
   *
   * @throws {Error} before the answer is complete.
   */
  get result(): T {
    if (typeof this.#outcome === "object") return this.#outcome.result;
    throw new Error(`Cannot get the result of ${this}: the answer is ${this.#outcome}`);
  }

  /** The command and the beginning of its arguments, for an error message. */
  toString(): string {
    const line = this.#line.trimEnd();
    return quote(line.length <= SHOWN ? line : `${line.slice(0, SHOWN)}…`);
  }

  /**
   * Sends the request.
   *
   * @throws {ClientError} when the value does not have the announced length any more. Nothing is
   *   sent then: the server would read other bytes as the value, or the value as commands. The
   *   error becomes the cause of a `RequestSendFailed`: unlike other invalid arguments, it is found
   *   after the call, when a waiting request is sent.
   */
  send(transport: ITransport): void {
    const value = this.#value;
    if (value === null) return transport.write(this.#line);
    if (value.length !== this.#length) {
      throw new ClientError(
        `Cannot send a value of ${this.#length} bytes: it has been changed to ${value.length}`,
      );
    }
    if (value.length <= SMALL) return transport.write(this.#joined(value));
    transport.writeSequence([this.#line, value, LINE_END]);
  }

  /** Reads a part of the answer. Returns the outcome. */
  receive(answer: MemCacheAnswer): Outcome<T> {
    return this.#outcome = this.#read(answer);
  }

  /** Returns the request in one chunk. */
  #joined(value: Uint8Array): Uint8Array {
    // A character of the line has at most three bytes in UTF-8.
    const bytes = new Uint8Array(this.#line.length * 3 + value.length + 2);
    const { written } = encoder.encodeInto(this.#line, bytes);
    bytes.set(value, written);
    const end = written + value.length;
    bytes[end] = CR;
    bytes[end + 1] = LF;
    return bytes.subarray(0, end + 2);
  }
}
