/** Where an endpoint's description is wrong: offsets into it, the end excluded. */
export interface DescriptionSpan {
  /** Where the offending piece begins. */
  readonly start: number;
  /** Where it ends. */
  readonly end: number;
}

/**
 * A string that describes no endpoint. The message quotes the string and points at the place.
 *
 * Twisted raises `ValueError`, `TypeError`, `KeyError` or `IndexError`, by what went wrong and where in its code; a program that reads
 * descriptions from its configuration has one class to catch here, and the place to show.
 *
 * @example
 * ```ts
 * import { EndpointDescriptionError } from "@torsion/reactor/endpoints";
 *
 * const error = new EndpointDescriptionError("ftl:80", { start: 0, end: 3 }, 'there is no type "ftl"');
 * console.log(error.message);
 * // Cannot make an endpoint of "ftl:80": there is no type "ftl"
 * //   ftl:80
 * //   ^^^
 * ```
 */
export class EndpointDescriptionError extends Error {
  /** The error's name. */
  override readonly name = "EndpointDescriptionError";
  /** The whole string. */
  readonly description: string;
  /** The offending piece; empty where something is missing. */
  readonly piece: string;
  /** Where the piece begins in the string. */
  readonly offset: number;

  /**
   * Makes the error.
   *
   * @param description The whole string.
   * @param span The offending piece.
   * @param problem What is wrong with it.
   * @param options `cause` is the error beneath.
   */
  constructor(
    description: string,
    span: DescriptionSpan,
    problem: string,
    options: ErrorOptions = {},
  ) {
    super(
      `Cannot make an endpoint of ${visible(description)}: ${problem}${pointer(description, span)}`,
      options,
    );
    this.description = description;
    this.piece = description.slice(span.start, span.end);
    this.offset = span.start;
  }
}

// Controls, line breaks, and what only steers how text is laid out: a byte order mark at the beginning of a file, for one.
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** A string in quotes, with nothing in it that is not seen. */
export function visible(text: string): string {
  return JSON.stringify(text).replaceAll(
    INVISIBLE,
    (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`,
  );
}

/** Two lines: the string, and carets beneath the place. */
function pointer(description: string, { start, end }: DescriptionSpan): string {
  if (description === "") return "";
  const columns = (from: number, to: number) => [...description.slice(from, to)].length;
  const carets = "^".repeat(Math.max(columns(start, end), 1));
  // A line break in the string would tear the two lines apart, and other invisible characters hide what is wrong.
  const line = description.replaceAll(INVISIBLE, "\ufffd");
  return `\n  ${line}\n  ${" ".repeat(columns(0, start))}${carets}`;
}
