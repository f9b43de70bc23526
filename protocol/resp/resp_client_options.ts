import { checkFunction, checkInteger, checkPeriod } from "../../internal/validation.ts";
import type { HeartbeatOptions } from "../heartbeat.ts";
import type { RequestOptions, RequestQueueOptions } from "../pending_requests.ts";
import type { IReactorTime } from "../../reactor/interfaces/mod.ts";
import type { RESPLimits } from "./resp_limits.ts";
import type { RESPArgument, RESPVersion } from "./resp_output.ts";
import type { TextValue } from "./reply_readers.ts";
import type { RESPValue } from "./resp_value.ts";

/** The default of the option `timeout`, in seconds. */
export const DEFAULT_TIMEOUT = 10;

/** Options of a `RESPClient`. */
export interface RESPClientOptions extends
  Pick<
    RequestQueueOptions,
    "maxInFlight" | "maxWaiting" | "maxInFlightBytes" | "maxWaitingBytes"
  > {
  /** The clock that measures timeouts and the silence of the server: the reactor, or a `Clock`. */
  clock: Pick<IReactorTime, "callLater" | "seconds">;
  /**
   * The version of the protocol. With 3, a server that does not know it is used with 2.
   *
   * @default {3}
   */
  version?: RESPVersion | undefined;
  /**
   * The user, for {@linkcode password}. Without it, the server uses the user `default`.
   */
  username?: string | undefined;
  /** The password. It is not part of any error or log line. */
  password?: string | undefined;
  /**
   * The number of the database.
   *
   * @default {0}
   */
  database?: number | undefined;
  /** The name of the connection in `CLIENT LIST` of the server. */
  clientName?: string | undefined;
  /**
   * Seconds until a command or a `subscribe()` fails with a `RequestTimeout`, unless it has a
   * timeout of its own.
   *
   * @default {10}
   */
  timeout?: number | undefined;
  /**
   * The number of commands that time out in a row, without any reply between them, after which the
   * connection is aborted. `Infinity` removes the limit.
   *
   * @default {10}
   */
  maxTimeouts?: number | undefined;
  /**
   * How a dead server is detected: by a PING after so many seconds without a byte. `null` sends
   * none, as a connection needs that waits in a blocking command for longer.
   *
   * @default {{ interval: 30, maxMissed: 2 }}
   */
  heartbeat?: Pick<HeartbeatOptions, "interval" | "maxMissed"> | null | undefined;
  /** The limits of what is received. */
  limits?: RESPLimits | undefined;
  /**
   * Called with data that the server sends without being asked, other than published messages, such
   * as `invalidate` of client-side caching. Without it, the data is dropped. An error that it
   * throws is logged.
   */
  push?: ((kind: string, data: TextValue[]) => unknown) | undefined;
}

/** The name of a command, and its arguments. */
export type CommandWords = readonly [name: string, ...args: RESPArgument[]];

/**
 * Options of a command whose reply has a type.
 *
 * @typeParam T The type of the reply.
 */
export interface CommandOptions<T> extends RequestOptions {
  /**
   * Returns the reply in the form that the program needs, or throws: a function such as `asText` or
   * `asInteger`, or one of the program. It is not called for an error of the server.
   */
  read: (value: RESPValue) => T;
}

/** The settings that a client sends when its connection is prepared. */
export interface RESPLogin {
  readonly version: RESPVersion;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly database: number;
  readonly clientName: string | undefined;
}

/**
 * Checks the options that no other part of a client checks.
 *
 * @throws {RangeError} when `version`, `database` or `heartbeat` is out of range.
 * @throws {TypeError} when an option has the wrong type, or there is a user without a password.
 */
export function checkedLogin(options: RESPClientOptions): RESPLogin {
  const { version = 3, username, password, database = 0, clientName, push, heartbeat } = options;
  checkInteger("RESPClient() version", version, 2, 3);
  checkInteger("RESPClient() database", database, 0, Number.MAX_SAFE_INTEGER);
  for (const [name, value] of Object.entries({ username, password, clientName })) {
    // The value is not part of the error, because it may be a password.
    if (value !== undefined && typeof value !== "string") {
      throw new TypeError(`RESPClient() ${name} must be a string`);
    }
  }
  if (username !== undefined && password === undefined) {
    throw new TypeError("Cannot create a RESPClient with a username: there is no password");
  }
  if (push !== undefined) checkFunction("RESPClient() push", push);
  if (heartbeat) {
    const { interval, maxMissed = 2 } = heartbeat;
    checkPeriod("RESPClient() heartbeat interval", interval);
    checkInteger("RESPClient() heartbeat maxMissed", maxMissed, 1, Number.MAX_SAFE_INTEGER);
  }
  return { version, username, password, database, clientName };
}
