import { commandName } from "./command_name.ts";
import { ChunkAllocator } from "../../internal/chunk_allocator.ts";
import { textOfBytes } from "../framing/byte_text.ts";

const copies = new ChunkAllocator();

/**
 * A command that a client has sent: its name and its arguments, which are byte strings.
 *
 * @example
 * ```ts
 * import { CommandDecoder } from "@torsion/reactor/resp";
 *
 * const decoder = new CommandDecoder();
 * decoder.push(new TextEncoder().encode("*2\r\n$4\r\necho\r\n$5\r\nhello\r\n"));
 * const command = decoder.next();
 * console.log(command?.name, command?.text(0));
 * ```
 */
export class RESPCommand {
  /** The name in upper case, such as `GET`. */
  readonly name: string;
  /** The number of arguments, without the name. */
  readonly length: number;
  readonly #bytes: Uint8Array;
  readonly #memory: ArrayBufferLike;
  readonly #base: number;
  /** The index of the first byte of each word, and the index after its last byte. */
  readonly #bounds: readonly number[];

  /**
   * Creates a command.
   *
   * @param bytes The memory with the words of the command.
   * @param base The index to which the bounds are relative.
   * @param bounds For each word, the index of its first byte, and the index after its last byte.
   * @param memory The `buffer` of `bytes`. A decoder reads it once for all commands of a chunk.
   */
  constructor(
    bytes: Uint8Array,
    base: number,
    bounds: readonly number[],
    memory: ArrayBufferLike = bytes.buffer,
  ) {
    this.#bytes = bytes;
    this.#memory = memory;
    this.#base = base;
    this.#bounds = bounds;
    this.name = commandName(bytes, this.#index(0), this.#index(1));
    this.length = bounds.length / 2 - 1;
  }

  /**
   * Returns an argument as bytes.
   *
   * @param index The index of the argument, from 0.
   * @returns The bytes: a view of the memory in which they arrived, which is never written again.
   *   Call {@linkcode copy} for an argument that is kept for long.
   * @throws {RangeError} when there is no such argument.
   */
  bytes(index: number): Uint8Array {
    this.#check(index);
    return this.#view(index + 1);
  }

  /**
   * Returns a copy of an argument, for a program that keeps it. It takes less time than `slice()`,
   * because small copies, of up to 4096 bytes, share blocks of 16 KiB. A block stays in memory as
   * long as the program keeps any of its copies.
   *
   * @param index The index of the argument, from 0.
   * @returns The bytes. Do not transfer their `buffer`, which belongs to other copies as well.
   * @throws {RangeError} when there is no such argument.
   */
  copy(index: number): Uint8Array<ArrayBuffer> {
    const bytes = this.bytes(index);
    return copies.copy(bytes, bytes.length);
  }

  /**
   * Returns an argument as text.
   *
   * @param index The index of the argument, from 0.
   * @returns The text, decoded as UTF-8, with U+FFFD for other bytes.
   * @throws {RangeError} when there is no such argument.
   */
  text(index: number): string {
    this.#check(index);
    return this.#text(index + 1);
  }

  /** Returns all arguments as bytes. */
  args(): Uint8Array[] {
    return Array.from({ length: this.length }, (_, i) => this.#view(i + 1));
  }

  /** Returns all arguments as texts. */
  texts(): string[] {
    return Array.from({ length: this.length }, (_, i) => this.#text(i + 1));
  }

  /** Returns the name as the client has sent it. */
  get sentName(): string {
    return this.#text(0);
  }

  #check(index: number): void {
    if (Number.isInteger(index) && index >= 0 && index < this.length) return;
    throw new RangeError(
      `Cannot read the argument ${index} of ${this.name}: it has ${this.length} arguments`,
    );
  }

  #view(word: number): Uint8Array {
    const start = this.#index(2 * word);
    const length = this.#index(2 * word + 1) - start;
    return new Uint8Array(this.#memory, this.#bytes.byteOffset + start, length);
  }

  #text(word: number): string {
    return textOfBytes(this.#bytes, this.#index(2 * word), this.#index(2 * word + 1));
  }

  #index(bound: number): number {
    return this.#base + (this.#bounds[bound] ?? 0);
  }
}
