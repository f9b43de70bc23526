import { inspect, read, textOf } from "../internal/foreign_value.ts";
import { checkString, quote } from "../internal/validation.ts";
import { isLevel, type LogFields, type LogLevel } from "./event.ts";
import { globalLogPublisher } from "./global_log.ts";
import type { LogPublisher } from "./publisher.ts";

/** Options of a {@linkcode Logger}. */
export interface LoggerOptions {
  /**
   * The publisher that receives the events. Twisted's `observer`.
   *
   * @default {globalLogPublisher}
   */
  readonly publisher?: LogPublisher | undefined;
}

/**
 * Logs events of one part of a program, from formats with named fields. Twisted's
 * `twisted.logger.Logger`.
 *
 * A format such as `"{user} sent {message.length} bytes"` is filled in with the event's fields.
 * `{user.name}` is a property, `{user.name()}` the result of a method, and `{user!r}` the value as
 * the console shows it; `{{` is a brace. A field that is missing or throws stays as it is written.
 * The event has the fields as well, the namespace as its `system` and as `namespace`, and the
 * `format`, so that an observer can count events of one kind.
 *
 * @example
 * ```ts
 * import { capturedLogs, Logger } from "@torsion/reactor/log";
 *
 * const log = new Logger("chat.server");
 * using events = capturedLogs();
 * log.info("{user} sent {size} bytes", { user: "ada", size: 12 });
 * console.log(events[0]?.system, events[0]?.message); // chat.server ada sent 12 bytes
 * ```
 */
export class Logger {
  /** The part of the program, which becomes the `system` of each event. */
  readonly namespace: string;
  /** The publisher that receives the events. */
  readonly publisher: LogPublisher;

  /**
   * Creates a logger.
   *
   * @param namespace The part of the program, such as `"chat.server"`. Twisted takes the name of
   *   the module by default.
   * @param options The publisher.
   * @throws {TypeError} If the namespace is not a string.
   */
  constructor(namespace: string, options: LoggerOptions = {}) {
    checkString("Logger() namespace", namespace);
    this.namespace = namespace;
    this.publisher = options.publisher ?? globalLogPublisher;
  }

  /**
   * Logs an event.
   *
   * @param level The level.
   * @param format The message, in which `{name}` stands for a field.
   * @param fields The fields.
   * @throws {TypeError} If `level` is not a level.
   */
  emit(level: LogLevel, format: string, fields: LogFields = {}): void {
    if (!isLevel(level)) {
      throw new TypeError(`Cannot log at the level ${quote(level)}: it is not a level`);
    }
    const { namespace } = this;
    const message = formatWith(format, fields);
    this.publisher[level](message, { system: namespace, ...fields, namespace, format });
  }

  /** Logs an event at the level `debug`. */
  debug(format: string, fields?: LogFields): void {
    this.emit("debug", format, fields);
  }

  /** Logs an event at the level `info`. */
  info(format: string, fields?: LogFields): void {
    this.emit("info", format, fields);
  }

  /** Logs an event at the level `warn`. */
  warn(format: string, fields?: LogFields): void {
    this.emit("warn", format, fields);
  }

  /** Logs an event at the level `error`. */
  error(format: string, fields?: LogFields): void {
    this.emit("error", format, fields);
  }

  /** Logs an event at the level `critical`. */
  critical(format: string, fields?: LogFields): void {
    this.emit("critical", format, fields);
  }

  /**
   * Logs an error with its stack and its causes. In Twisted the error is the one being handled, and
   * its default level is `critical`.
   *
   * @param format The message.
   * @param error The error. A value that is not an `Error` becomes the `cause` of one.
   * @param fields The fields; `level` replaces the level `error`.
   */
  failure(format: string, error: unknown, fields: LogFields = {}): void {
    const { namespace } = this;
    const message = formatWith(format, fields);
    this.publisher.err(error, message, { system: namespace, ...fields, namespace, format });
  }
}

/** Fills the fields of an event into a format. Never throws. */
function formatWith(format: string, fields: LogFields): string {
  return textOf(format).replaceAll(
    /\{\{|\}\}|\{([\w$.()]+)(!r)?\}/g,
    (written, path: string | undefined, isShown: string | undefined) => {
      if (path === undefined) return written.slice(1);
      try {
        const value = valueAt(fields, path);
        return isShown === undefined ? textOf(value) : inspect(value);
      } catch {
        return written;
      }
    },
  );
}

/** @throws {Error} If the value does not exist. */
function valueAt(fields: LogFields, path: string): unknown {
  let value: unknown = fields;
  for (const step of path.split(".")) {
    const isCall = step.endsWith("()");
    const name = isCall ? step.slice(0, -2) : step;
    if (value === null || value === undefined) throw new Error(`There is no ${name}`);
    // A text or a number has properties, too.
    const owner: object = Object(value);
    if (!(name in owner)) throw new Error(`There is no ${name}`);
    const found = read(owner, name);
    value = isCall && typeof found === "function" ? found.call(value) : found;
  }
  return value;
}
