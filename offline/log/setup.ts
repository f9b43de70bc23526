import { type BaseHandler, ConsoleHandler } from "./handlers.ts";
import type { LevelName } from "./levels.ts";
import { Logger } from "./logger.ts";

/** How one logger is set up. */
export interface LoggerConfig {
  /** Its lowest level. @default {"INFO"} */
  level?: LevelName;
  /** The names of its handlers. */
  handlers?: string[];
}

/** Handlers and loggers, by name. */
export interface LogConfig {
  /** The handlers that loggers may name. */
  handlers?: { [name: string]: BaseHandler };
  /** The loggers that `getLogger()` knows. */
  loggers?: { [name: string]: LoggerConfig };
}

const defaultHandler = new ConsoleHandler("INFO");
const handlers = new Map<string, BaseHandler>();
const loggers = new Map<string, Logger>();

/** Replaces all handlers and loggers. Without one named `default`, it logs INFO to the console. */
export function setup(config: LogConfig): void {
  for (const handler of handlers.values()) handler.destroy();
  handlers.clear();
  loggers.clear();
  for (
    const [name, handler] of Object.entries({
      default: defaultHandler,
      ...config.handlers,
    })
  ) {
    handler.setup();
    handlers.set(name, handler);
  }
  const defaults: LogConfig["loggers"] = {
    default: { level: "INFO", handlers: ["default"] },
  };
  for (
    const [name, { level, handlers: names }] of Object.entries({
      ...defaults,
      ...config.loggers,
    })
  ) {
    const own = (names ?? []).map((each) => handlers.get(each)).filter((each) =>
      each !== undefined
    );
    loggers.set(name, new Logger(name, level ?? "INFO", { handlers: own }));
  }
}

/** The logger of that name, made without handlers if there is none; without a name, the default. */
export function getLogger(name = "default"): Logger {
  let logger = loggers.get(name || "default");
  if (logger === undefined) {
    loggers.set(name, logger = new Logger(name, "NOTSET"));
  }
  return logger;
}

setup({});
