import type { HTTPSettings } from "./http_options.ts";

/** Seconds for which a client may still send after the last response. */
const LINGER = 5;

/** What the connection waits for, which has a timeout. */
export type Wait = "first" | "idle" | "head" | "body" | "send" | "handler" | "close";

/** Returns the timeout of a wait, in seconds; `Infinity` for none. */
export function secondsOf(wait: Wait, settings: HTTPSettings): number {
  switch (wait) {
    case "first":
    case "head":
      return settings.headTimeout;
    case "body":
      return settings.bodyTimeout;
    case "send":
      return settings.sendTimeout;
    case "idle":
      return settings.keepAliveTimeout;
    case "handler":
      return Infinity;
    case "close":
      return LINGER;
  }
}
