/** How much an event matters, least first. */
export type LogLevel = "debug" | "info" | "warn" | "error" | "critical";

/** What the five levels count for when they are compared. */
export const levelRanks: Readonly<Record<LogLevel, number>> = {
  debug: 0,
  info: 1,
  warn: 2,
  error: 3,
  critical: 4,
};

/** What a program may say about an event, besides its message: these fields, and any of its own. */
export interface LogFields {
  /** Seconds since the epoch. @default {now} */
  readonly time?: number;
  /** How much it matters. */
  readonly level?: LogLevel;
  /** The part of the program it comes from. @default {what `callWithSystem()` says, or `"-"`} */
  readonly system?: string;
  /** Whether the event is an error: `true` stands for the level `error` where none is given. */
  readonly isError?: boolean;
  /** The error that the event is about. */
  readonly failure?: Error;
  /** Whatever else an observer may care for. */
  readonly [field: string]: unknown;
}

/**
 * Something that happened. The fields are those of Twisted's event dictionary
 * (`twisted.python.log`); `level` stands in for its `log_level`, and `message` is one text where
 * Twisted has a tuple.
 */
export interface LogEvent {
  /** When it happened, in seconds since the epoch. */
  readonly time: number;
  /** How much it matters. */
  readonly level: LogLevel;
  /** What happened, without the failure's stack: see {@linkcode eventText}. */
  readonly message: string;
  /** Whether the level is `error` or `critical`. */
  readonly isError: boolean;
  /** The part of the program it comes from; `"-"` when none is known. */
  readonly system: string;
  /** The error that was logged. */
  readonly failure?: Error;
  /** What was being done, as told to `err()`. */
  readonly why?: string;
  /** Whatever else the program said. */
  readonly [field: string]: unknown;
}

/**
 * What is told of every event. It should neither wait nor throw. What it throws, or what a promise
 * that it returns is rejected with, is reported to the other observers.
 */
export type LogObserver = (event: LogEvent) => void;

/** Returns `level`, or `fallback` where an untyped caller gave no level that there is. */
export function levelOr(fallback: LogLevel, level: unknown): LogLevel {
  return isLevel(level) ? level : fallback;
}

/** Returns whether there is such a level. */
export function isLevel(level: unknown): level is LogLevel {
  return typeof level === "string" && Object.hasOwn(levelRanks, level);
}

/** Copies fields. In place of one whose getter throws there is a text that says so. */
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
    // A revoked proxy has none.
    return [];
  }
}

/**
 * Makes an event out of what was logged. The fields, a copy that belongs to the event, win over what
 * would be there without them.
 */
export function makeEvent(
  level: LogLevel,
  message: string,
  system: string,
  fields: LogFields | undefined,
): LogEvent {
  const isError = levelRanks[level] >= levelRanks.error;
  const time = Date.now() / 1000;
  if (fields === undefined) return { time, level, message, isError, system };
  return { time, system, ...fields, level, message, isError };
}
