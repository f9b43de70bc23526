/**
 * The hooks of the log: observers, loggers, writers, and `logPrefix()`.
 *
 * @module
 */

import {
  addObserver,
  callWithSystem,
  LimitedHistory,
  loggerLogObserver,
  type LogObserver,
  LogPublisher,
  msg,
  textFileLogObserver,
} from "../../log/mod.ts";
import { stdLogObserver } from "../../log/std.ts";
import type { Case, Hook } from "./hook.ts";

/** Delivers an event to an observer. Its failure is logged to the other observers. */
async function observe(observer: LogObserver): Promise<void> {
  using _observing = addObserver(observer, { replay: false });
  msg("something happened");
  // The observer's promise may reject later.
  for (let turn = 0; turn < 10; turn++) await null;
}

/** Returns the row of a function that makes an observer. */
function observerHook(
  where: string,
  documented: readonly string[],
  make: (test: Case) => LogObserver,
  options: Partial<Hook> = {},
): Hook {
  return {
    name: "log observer",
    where,
    documented,
    run: (test) => observe(make(test)),
    ...options,
  };
}

const LEVELS = ["debug", "info", "warn", "error", "critical"] as const;

/** Returns a logger whose methods all fail. */
function wrongLogger(act: () => never): Record<typeof LEVELS[number], () => never> {
  return { debug: act, info: act, warn: act, error: act, critical: act };
}

export const LOG_HOOKS: readonly Hook[] = [
  observerHook(
    "a function",
    ["addObserver(observer)", "LogPublisher.addObserver(observer)"],
    ({ act }) => act,
    { refuses: { option: "observer", give: (observer) => addObserver(observer) } },
  ),
  observerHook(
    "over a logger",
    [...LEVELS, "fatal"].map((level) => `LevelLogger.${level}`),
    ({ act }) => loggerLogObserver(wrongLogger(act)),
  ),
  observerHook(
    "over a logger of @std/log",
    LEVELS.map((level) => `StdLogger.${level}`),
    ({ act }) => stdLogObserver(wrongLogger(act)),
  ),
  observerHook(
    "over a writer",
    ["SyncWriter.writeSync"],
    ({ act }) => textFileLogObserver({ writeSync: act }),
    { answers: true },
  ),
  observerHook(
    "with a formatTime",
    ["TextFileLogOptions.formatTime"],
    ({ act }) => textFileLogObserver({ writeSync: ({ length }) => length }, { formatTime: act }),
    {
      answers: true,
      refuses: {
        option: "formatTime",
        give: (formatTime) => textFileLogObserver(Deno.stdout, { formatTime }),
      },
    },
  ),
  {
    name: "logPrefix",
    where: "of whatever is the system",
    documented: ["HasLogPrefix.logPrefix"],
    answers: true,
    run: ({ act }) => callWithSystem({ logPrefix: act }, () => msg("something happened")),
  },
  {
    name: "LimitedHistory.replayTo()",
    where: "which writes a rejection on standard error",
    documented: ["LimitedHistory.replayTo(observer)"],
    reports: "caller",
    ignores: ({ throws }) => !throws,
    run: ({ act, received }) => {
      const history = new LimitedHistory(1);
      using _observing = new LogPublisher().addObserver(history.observe);
      history.observe({ time: 0, level: "info", message: "", isError: false, system: "-" });
      try {
        history.replayTo(act);
      } catch (error) {
        received(error);
      }
    },
  },
];
