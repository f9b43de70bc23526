import { wallClockSeconds } from "./wall_clock.ts";

/** The severity of an event. The levels are listed in ascending order. */
export type LogLevel = "debug" | "info" | "warn" | "error" | "critical";

/** The rank of each level, for comparisons. */
export const levelRanks: Readonly<Record<LogLevel, number>> = {
  debug: 0,
  info: 1,
  warn: 2,
  error: 3,
  critical: 4,
};

/** The fields of an event that a program may set: these, and any others. */
export interface LogFields {
  /**
   * Seconds since the epoch.
   *
   * @default {now}
   */
  readonly time?: number;
  /** The severity. */
  readonly level?: LogLevel;
  /**
   * The part of the program that logs the event.
   *
   * @default {the system of `callWithSystem()`, or `"-"`}
   */
  readonly system?: string;
  /** Whether the event is an error. Without a `level`, `true` means the level `error`. */
  readonly isError?: boolean;
  /** The error that the event reports. */
  readonly failure?: Error;
  /** Any other field, for observers that use it. */
  readonly [field: string]: unknown;
}

/**
 * An event as observers receive it. The fields are those of Twisted's event dictionary
 * (`twisted.python.log`), except that `level` replaces `log_level`, and `message` is one text where
 * Twisted has a tuple.
 */
export interface LogEvent {
  /** The time of the event, in seconds since the epoch. */
  readonly time: number;
  /** The severity. */
  readonly level: LogLevel;
  /** The message, without the stack of the failure: {@linkcode eventText} returns both. */
  readonly message: string;
  /** Whether the level is `error` or `critical`. */
  readonly isError: boolean;
  /** The part of the program that logged the event; `"-"` if unknown. */
  readonly system: string;
  /** The error that was logged. */
  readonly failure?: Error;
  /** The `why` argument of `err()`: the operation that failed. */
  readonly why?: string;
  /** Any other field that the program set. */
  readonly [field: string]: unknown;
}

/**
 * A function that receives events. It should neither block nor throw. An error that it throws, or
 * the rejection of a promise that it returns, is logged to the other observers.
 */
export type LogObserver = (event: LogEvent) => void;

/** Returns `level` if it is a level, and else `fallback`: an untyped caller may pass any value. */
export function levelOr(fallback: LogLevel, level: unknown): LogLevel {
  return isLevel(level) ? level : fallback;
}

/** Reports whether a value is a level. */
export function isLevel(level: unknown): level is LogLevel {
  return typeof level === "string" && Object.hasOwn(levelRanks, level);
}

/** Copies fields. A field whose getter throws becomes the text `(unreadable)`. */
export function copyFields(fields: LogFields): LogFields {
  try {
    return { ...fields };
  } catch {
    return Object.fromEntries(
      keysOf(fields).map((key) => {
        try {
          return [key, fields[key]];
        } catch {
          return [key, "(unreadable)"];
        }
      }),
    );
  }
}

function keysOf(fields: LogFields): string[] {
  try {
    return Object.keys(fields);
  } catch {
    // Object.keys() throws for a revoked proxy, whose fields cannot be read.
    return [];
  }
}

/**
 * Makes an event.
 *
 * @param fields Fields that replace the defaults. The event owns the object.
 */
export function makeEvent(
  level: LogLevel,
  message: string,
  system: string,
  fields: LogFields | undefined,
): LogEvent {
  const isError = levelRanks[level] >= levelRanks.error;
  const time = wallClockSeconds();
  if (fields === undefined) return { time, level, message, isError, system };
  return { time, system, ...fields, level, message, isError };
}
