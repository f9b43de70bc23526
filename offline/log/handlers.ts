import { styleText } from "node:util";
import {
  getLevelByName,
  getLevelName,
  type LevelName,
  type LogLevel,
  LogLevels,
} from "./levels.ts";
import type { LogRecord } from "./logger.ts";

/** Turns a record into the text of a line. */
export type FormatterFunction = (logRecord: LogRecord) => string;

/** Options of every handler. */
export interface BaseHandlerOptions {
  /** How a record is written. @default {(r) => `${r.levelName} ${r.msg}`} */
  formatter?: FormatterFunction;
}

/** What does something with each record at its level or above. */
export abstract class BaseHandler {
  #level: LogLevel;
  /** How a record is written. */
  formatter: FormatterFunction;

  /** A handler of what is at `levelName` or above. */
  constructor(levelName: LevelName, options?: BaseHandlerOptions) {
    this.#level = getLevelByName(levelName);
    this.formatter = options?.formatter ??
      ((record): string => `${record.levelName} ${record.msg}`);
  }

  /** The lowest level that is handled. */
  get level(): LogLevel {
    return this.#level;
  }

  set level(level: LogLevel) {
    getLevelName(level);
    this.#level = level;
  }

  /** The name of the lowest level that is handled. */
  get levelName(): LevelName {
    return getLevelName(this.#level);
  }

  set levelName(levelName: LevelName) {
    this.#level = getLevelByName(levelName);
  }

  /** Logs `logRecord`, if it is at this handler's level or above. */
  handle(logRecord: LogRecord): void {
    if (logRecord.level >= this.#level) this.log(this.format(logRecord));
  }

  /** The text of `logRecord`. */
  format(logRecord: LogRecord): string {
    return this.formatter(logRecord);
  }

  /** Puts `msg` where this handler's lines go. */
  abstract log(msg: string): void;

  /** Called when `setup()` takes this handler up. */
  setup(): void {}

  /** Called when the next `setup()` drops this handler. */
  destroy(): void {}

  /** Does as {@linkcode BaseHandler.destroy}. */
  [Symbol.dispose](): void {
    this.destroy();
  }
}

/** Options of a {@linkcode ConsoleHandler}. */
export interface ConsoleHandlerOptions extends BaseHandlerOptions {
  /** Whether lines are coloured by their level. @default {true} */
  useColors?: boolean;
}

/** Writes each line with `console.log`. */
export class ConsoleHandler extends BaseHandler {
  readonly #useColors: boolean;

  /** A handler of what is at `levelName` or above. */
  constructor(levelName: LevelName, options: ConsoleHandlerOptions = {}) {
    super(levelName, options);
    this.#useColors = options.useColors ?? true;
  }

  override format(logRecord: LogRecord): string {
    const text = super.format(logRecord);
    return this.#useColors ? coloured(text, logRecord.level) : text;
  }

  override log(msg: string): void {
    console.log(msg);
  }
}

function coloured(text: string, level: number): string {
  switch (level) {
    case LogLevels.INFO:
      return styleText("blue", text);
    case LogLevels.WARN:
      return styleText("yellow", text);
    case LogLevels.ERROR:
      return styleText("red", text);
    case LogLevels.CRITICAL:
      return styleText(["bold", "red"], text);
    default:
      return text;
  }
}
