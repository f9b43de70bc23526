import { checkBound } from "../../internal/validation.ts";

/** Limits of a {@linkcode RESPDecoder}. */
export interface RESPLimits {
  /**
   * The maximum length of a bulk string, verbatim string or blob error, in bytes. It also limits
   * the sum of the parts of a streamed string.
   *
   * @default {67108864}
   */
  maxBulkLength?: number | undefined;
  /**
   * The maximum length of a line, in bytes: a simple string, simple error or number, with its type
   * and without its line end.
   *
   * @default {65536}
   */
  maxLineLength?: number | undefined;
  /**
   * The maximum length of a whole message in the wire format, in bytes, attributes included.
   *
   * @default {134217728}
   */
  maxLength?: number | undefined;
  /**
   * The maximum number of elements of a whole message: those of all its aggregates together. A pair
   * of a map counts as two, and each part of a streamed string as one.
   *
   * @default {1048576}
   */
  maxElements?: number | undefined;
  /**
   * The maximum depth of nested aggregates.
   *
   * @default {128}
   */
  maxDepth?: number | undefined;
}

/** The limits, all of them. */
export type CheckedLimits = { readonly [K in keyof RESPLimits]-?: number };

/** Returns the limits with their defaults. */
export function checkedLimits(limits: RESPLimits): CheckedLimits {
  const {
    maxBulkLength = 67_108_864,
    maxLineLength = 65_536,
    maxLength = 134_217_728,
    maxElements = 1_048_576,
    maxDepth = 128,
  } = limits;
  checkBound("maxBulkLength", maxBulkLength, 0);
  checkBound("maxLineLength", maxLineLength, 1);
  checkBound("maxLength", maxLength, 3);
  checkBound("maxElements", maxElements, 0);
  checkBound("maxDepth", maxDepth, 0);
  return { maxBulkLength, maxLineLength, maxLength, maxElements, maxDepth };
}
