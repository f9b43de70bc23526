/**
 * The grammar of endpoint descriptions, which is Twisted's:
 *
 *     description = type *( ":" argument )
 *     argument    = value / name "=" value
 *
 * A backslash quotes the next character, so `\:`, `\=` and `\\` put these three characters into a
 * type, a name or a value. An `=` in a value needs no backslash, because only the first one in an
 * argument ends a name.
 *
 * A description that both accept means the same in Twisted and here, except a single colon after
 * the type: in Twisted that is an empty argument. Twisted also accepts a description without a type
 * (`:80`) or with the type at a later position (`port=80:tcp`), and uses the last of several values
 * for one name.
 *
 * @module
 */

import { checkString } from "../internal/validation.ts";
import { type DescriptionSpan, EndpointDescriptionError } from "./description_error.ts";

/** The hint for a value that a colon without a backslash has most likely cut short. */
export const HOW_TO_WRITE_A_COLON = String.raw`write a colon in a value as "\:"`;

/** A piece of a description: its value, and its place in the string. */
export interface DescriptionPiece extends DescriptionSpan {
  /** The piece without its backslashes. */
  readonly value: string;
}

/** One argument of an endpoint description. */
export interface DescriptionArgument {
  /** The name of the argument; `null` for a positional argument. */
  readonly name: DescriptionPiece | null;
  /** The value of the argument. */
  readonly value: DescriptionPiece;
}

/** A parsed endpoint description: its type and its arguments. */
export interface Description {
  /** The whole string, even if only the end of it was parsed. */
  readonly text: string;
  /** The type: the piece before the first colon. */
  readonly type: DescriptionPiece;
  /** The arguments, in order. */
  readonly arguments: readonly DescriptionArgument[];
}

/**
 * Parses a description into its type and its arguments. Their meaning is not checked.
 *
 * @param text The whole string.
 * @param start The offset at which the description begins. It is not 0 for a description inside
 *   another one, such as the `tcp:80` of `wrap:tcp:80`.
 * @returns The parsed description.
 * @throws {EndpointDescriptionError} when the description is empty, has no type, or ends with a
 *   single backslash.
 * @throws {TypeError} when the description is not a string.
 */
export function parseDescription(text: string, start: number = 0): Description {
  checkString("An endpoint description", text);
  const [first, ...rest] = [...readArguments(text, start)];
  // The first piece always exists but may be empty. `undefined` is checked only for its type.
  if (first === undefined || first.value.end === start) {
    const found = start === text.length
      ? "the string is empty"
      : "the type before the first colon is empty";
    throw new EndpointDescriptionError(
      text,
      { start, end: start },
      `it must begin with an endpoint type, as in "tcp:80", but ${found}`,
    );
  }
  if (first.name !== null) {
    throw new EndpointDescriptionError(
      text,
      { start, end: first.value.end },
      `it must begin with an endpoint type, as in "tcp:80", but it begins with a named argument`,
    );
  }
  return { text, type: first.value, arguments: isBlank(rest) ? [] : rest };
}

/**
 * Quotes a string for use in an endpoint description. Use it to build a description from values
 * that may contain colons, such as Windows paths.
 *
 * It also quotes `=`, where Twisted's function does not: there an unnamed argument that contains
 * `=` is taken for a named one. Twisted reads the result correctly, too.
 *
 * @param argument The value, or a part of it.
 * @returns The string with a backslash before each `\`, `:` and `=`.
 *
 * @example
 * ```ts
 * import { quoteStringArgument } from "@torsion/reactor/endpoints";
 *
 * const path = "C:/keys/server.pem";
 * console.log(`ssl:443:privateKey=${quoteStringArgument(path)}`);
 * // ssl:443:privateKey=C\:/keys/server.pem
 * ```
 */
export function quoteStringArgument(argument: string): string {
  return argument.replaceAll(/[\\:=]/g, "\\$&");
}

/** `stdio:` means `stdio`: a colon after the type, without anything after it, adds no argument. */
function isBlank(rest: DescriptionArgument[]): boolean {
  const [only] = rest;
  return only !== undefined && rest.length === 1 && only.name === null &&
    only.value.start === only.value.end;
}

function* readArguments(text: string, start: number): Generator<DescriptionArgument> {
  let at = start;
  while (true) {
    const first = readPiece(text, at, ":=");
    if (text[first.end] === "=") {
      const value = readPiece(text, first.end + 1, ":");
      yield { name: first, value };
      at = value.end;
    } else {
      yield { name: null, value: first };
      at = first.end;
    }
    if (at === text.length) return;
    // Skips the colon between two arguments.
    at++;
  }
}

/** Reads up to the first of the given characters that has no backslash before it. */
function readPiece(text: string, start: number, ends: string): DescriptionPiece {
  let value = "";
  let at = start;
  while (at < text.length) {
    const character = text.charAt(at);
    if (ends.includes(character)) break;
    if (character === "\\" && ++at === text.length) {
      throw new EndpointDescriptionError(
        text,
        { start: at - 1, end: at },
        "it ends with a backslash, which must be followed by the character that it escapes",
      );
    }
    value += text.charAt(at);
    at++;
  }
  return { value, start, end: at };
}
