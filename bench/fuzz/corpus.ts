/**
 * The collected inputs of a parser: a file in `corpus/` with one JSON string per line, in which
 * each character is a byte.
 *
 * @module
 */

import { bytesOf, textOf } from "./input.ts";

/** Reads the inputs of a parser. */
export function readCorpus(name: string): Uint8Array[] {
  return Deno.readTextFileSync(fileOf(name)).split("\n").filter((line) => line !== "").map(bytesOf);
}

/** Adds inputs to the file of a parser. */
export function addToCorpus(name: string, inputs: readonly Uint8Array[]): void {
  const lines = inputs.map((bytes) => `${textOf(bytes)}\n`).join("");
  Deno.writeTextFileSync(fileOf(name), lines, { append: true });
}

function fileOf(name: string): URL {
  return new URL(`corpus/${name}.txt`, import.meta.url);
}
