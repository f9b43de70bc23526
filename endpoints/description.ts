/**
 * The grammar of endpoint descriptions, which is Twisted's:
 *
 *     description = type *( ":" argument )
 *     argument    = value / name "=" value
 *
 * A backslash takes the next character as it is, so `\:`, `\=` and `\\` put these three into a type, a name or a value. An `=` in a
 * value needs no backslash, because only the first one of an argument ends a name.
 *
 * Whatever both read, both read alike, but for a lone colon behind the type: in Twisted that is an empty argument. And Twisted also reads
 * what has no type (`:80`), what has it later (`port=80:tcp`), and takes the last of several values for one name.
 *
 * @module
 */

import { checkString } from "../internal/validation.ts";
import { type DescriptionSpan, EndpointDescriptionError } from "./description_error.ts";

/** What to say where a colon has most likely ended a value that it belongs to. */
export const HOW_TO_WRITE_A_COLON = String.raw`a colon in a value is written "\:"`;

/** A piece of a description: what it means, and where it stands. */
export interface DescriptionPiece extends DescriptionSpan {
  /** The piece without its backslashes. */
  readonly value: string;
}

/** One argument. */
export interface DescriptionArgument {
  /** Its name; `null` for one that goes by its position. */
  readonly name: DescriptionPiece | null;
  /** Its value. */
  readonly value: DescriptionPiece;
}

/** A description, taken apart. */
export interface Description {
  /** The whole string, also where only its end was asked for. */
  readonly text: string;
  /** The type: what stands before the first colon. */
  readonly type: DescriptionPiece;
  /** The arguments, in their order. */
  readonly arguments: readonly DescriptionArgument[];
}

/**
 * Takes a description apart. What its type and its arguments mean is not looked at.
 *
 * @param text The whole string.
 * @param start Where the description begins in it: a type that wraps another leaves the rest to that one.
 * @throws {EndpointDescriptionError} when it is empty, begins with no type, or ends in the middle of an escape.
 * @throws {TypeError} when it is not a string.
 */
export function parseDescription(text: string, start: number = 0): Description {
  checkString("An endpoint description", text);
  const [first, ...rest] = [...readArguments(text, start)];
  // There is always a first one, be it empty.
  if (first === undefined || first.value.end === start) {
    const found = start === text.length ? "nothing is there" : "nothing is before the first colon";
    throw new EndpointDescriptionError(
      text,
      { start, end: start },
      `it begins with a type, as in "tcp:80", and ${found}`,
    );
  }
  if (first.name !== null) {
    throw new EndpointDescriptionError(
      text,
      { start, end: first.value.end },
      `it begins with a type, as in "tcp:80", and not with an argument`,
    );
  }
  return { text, type: first.value, arguments: isBlank(rest) ? [] : rest };
}

/**
 * Quotes a string so that it stands for itself in a description: for building one from pieces that may contain colons, as paths on
 * Windows do.
 *
 * Twisted's leaves `=` alone, and an argument without a name that contains one is then taken for one with a name. Here it is quoted, too,
 * which Twisted reads as well.
 *
 * @param argument What is to be the value, or a part of it.
 * @returns The argument with a backslash before each `\`, `:` and `=`.
 *
 * @example
 * ```ts
 * import { quoteStringArgument } from "@torsion/reactor/endpoints";
 *
 * const path = "C:/keys/server.pem";
 * console.log(`ssl:443:privateKey=${quoteStringArgument(path)}`); // ssl:443:privateKey=C\:/keys/server.pem
 * ```
 */
export function quoteStringArgument(argument: string): string {
  return argument.replaceAll(/[\\:=]/g, "\\$&");
}

/** `stdio:` is `stdio`: a colon behind the type with nothing behind it promises no argument. */
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
    at++; // the colon
  }
}

/** Reads on to the first of those characters that no backslash stands before. */
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
        "it ends with a backslash that has no character to quote",
      );
    }
    value += text.charAt(at);
    at++;
  }
  return { value, start, end: at };
}
