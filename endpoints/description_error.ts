/** The place of an error in an endpoint description, as offsets into the string. */
export interface DescriptionSpan {
  /** The offset at which the offending piece begins. */
  readonly start: number;
  /** The offset after the last character of the offending piece. */
  readonly end: number;
}

/**
 * Thrown when a string does not describe an endpoint. The message quotes the string and points at
 * the offending piece.
 *
 * Twisted raises `ValueError`, `TypeError`, `KeyError` or `IndexError` depending on the mistake.
 * Here a program that reads descriptions from its configuration has one class to catch, and the
 * place to show.
 *
 * @example
 * ```ts
 * import { EndpointDescriptionError } from "@torsion/reactor/endpoints";
 *
 * const span = { start: 0, end: 3 };
 * const error = new EndpointDescriptionError("ftl:80", span, 'there is no type "ftl"');
 * console.log(error.message);
 * // Cannot create an endpoint from "ftl:80": there is no type "ftl"
 * //   ftl:80
 * //   ^^^
 * ```
 */
export class EndpointDescriptionError extends Error {
  /** The error's name. */
  override readonly name = "EndpointDescriptionError";
  /** The whole string. */
  readonly description: string;
  /** The offending piece; empty if something is missing. */
  readonly piece: string;
  /** The offset at which the piece begins in the string. */
  readonly offset: number;

  /**
   * Creates the error.
   *
   * @param description The whole string.
   * @param span The place of the offending piece.
   * @param problem The reason, as the end of the sentence "Cannot create an endpoint from …: ".
   * @param options `cause` is the underlying error.
   */
  constructor(
    description: string,
    span: DescriptionSpan,
    problem: string,
    options: ErrorOptions = {},
  ) {
    super(
      `Cannot create an endpoint from ${visible(description)}: ${problem}${
        pointer(description, span)
      }`,
      options,
    );
    this.description = description;
    this.piece = description.slice(span.start, span.end);
    this.offset = span.start;
  }
}

/** Returns a string in quotes, with its invisible characters escaped. */
export function visible(text: string): string {
  return replaceInvisible(
    JSON.stringify(text),
    (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`,
  );
}

/**
 * Replaces the characters that would be invisible in an error message: control characters, line
 * breaks, and formatting characters such as a byte order mark at the start of a file.
 */
function replaceInvisible(text: string, replacement: (character: string) => string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, replacement);
}

/** Returns two lines: the string, and carets below the offending piece. */
function pointer(description: string, { start, end }: DescriptionSpan): string {
  if (description === "") return "";
  const columns = (from: number, to: number) => [...description.slice(from, to)].length;
  const carets = "^".repeat(Math.max(columns(start, end), 1));
  // Invisible characters are replaced by a visible one, so that the reader sees the mistake. A line
  // break would also separate the carets from the text that they mark.
  const line = replaceInvisible(description, () => "\ufffd");
  return `\n  ${line}\n  ${" ".repeat(columns(0, start))}${carets}`;
}
