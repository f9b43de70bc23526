/**
 * The Finger User Information Protocol (RFC 1288), as a module that the programs of the steps 12 to
 * 15 import: its queries, a server, and a client.
 *
 * No well-kept npm package for the protocol was found, so its few lines of grammar are written
 * here.
 *
 * @module
 */

import {
  CancelledError,
  connectProtocol,
  Deferred,
  Factory,
  type IReactorTime,
  type IStreamClientEndpoint,
  LineOnlyReceiver,
  log,
  maybeDeferred,
  Protocol,
} from "@torsion/reactor";
import { TimeoutMixin } from "@torsion/reactor/protocol";

/** The clock of the time limits: a reactor, or the `Clock` of a test. */
export type FingerClock = Pick<IReactorTime, "callLater" | "seconds">;

/** A query, as RFC 1288 (section 2.3) defines it. */
export interface FingerQuery {
  /** The name of the user; `""` asks for the list of users. */
  readonly user: string;
  /** The hosts to ask, the last one first; empty for a query about this host. */
  readonly hosts: readonly string[];
  /** Whether the query has the token `/W`, which asks for more details. */
  readonly isVerbose: boolean;
}

/**
 * Reads a query.
 *
 * @param line The line, without its end.
 * @returns The query; `null` if the line is not one.
 */
export function parseQuery(line: string): FingerQuery | null {
  // A line break is white space for the expression below, and would make two queries of one.
  if (/[^\t\x20-\x7e]/.test(line)) return null;
  const match = /^(\/W(?=\s|$))?\s*([\x21-\x3f\x41-\x7e]*)((?:@[\x21-\x3f\x41-\x7e]+)*)$/i.exec(
    line.trim(),
  );
  if (match === null) return null;
  const [, verbose, user = "", hosts = ""] = match;
  return { user, hosts: hosts.split("@").slice(1), isVerbose: verbose !== undefined };
}

/** The answers of a server, and its time limits in seconds. */
export interface FingerOptions {
  /** Returns the text about a user; `undefined` for a user that does not exist. */
  getUser(
    query: FingerQuery,
  ): string | undefined | Deferred<string | undefined> | Promise<string | undefined>;
  /** Returns the list of users. By default, it is denied. */
  getUsers?(query: FingerQuery): string | Deferred<string> | Promise<string>;
  /** Asks another host. By default, that is denied: it would let strangers reach that host. */
  forward?(query: FingerQuery): string | Deferred<string> | Promise<string>;
  /** The time in which a client sends its query. @default {30} */
  readonly queryTimeout?: number;
  /** The time in which the answer is found. @default {30} */
  readonly answerTimeout?: number;
}

/** A connection of a {@linkcode FingerFactory}: one query, one answer. */
class FingerProtocol extends TimeoutMixin(LineOnlyReceiver)<FingerFactory> {
  // Programs end a line with CR LF, and people who type into nc with LF alone.
  override delimiter = "\n";
  override MAX_LENGTH = 512;
  #answer: Deferred<void> | null = null;

  override connectionMade(): void {
    this.clock = this.factory.clock;
    this.setTimeout(this.factory.queryTimeout); // not reset by bytes: a limit for the whole query
  }

  override textReceived(line: string): void {
    if (this.#answer !== null) return; // one query for each connection
    this.setTimeout(null);
    this.#answer = this.factory.answer(line.replace(/\r$/, "")).addCallbacks(
      (answer) => this.#send(answer),
      () => this.transport.loseConnection(), // cancelled: the client has left
    );
  }

  override lineLengthExceeded(): void {
    this.#send("The query is too long");
  }

  override timeoutConnection(): void {
    this.#send("The query did not arrive in time");
  }

  override connectionLost(reason: Error): void {
    super.connectionLost(reason);
    this.#answer?.cancel();
  }

  #send(answer: string): void {
    // Control characters would reach the terminal of the person who asks.
    const lines = log.visibleText(answer.replaceAll("\r\n", "\n").trimEnd());
    this.transport.write(`${lines.replaceAll("\n", "\r\n")}\r\n`);
    this.transport.loseConnection();
  }
}

/** A finger server. */
export class FingerFactory extends Factory<FingerProtocol> {
  override protocol = FingerProtocol;
  /** The clock of the time limits. */
  readonly clock: FingerClock;
  /** The time in which a client sends its query, in seconds. */
  readonly queryTimeout: number;
  readonly #options: FingerOptions;

  /**
   * @param clock The clock of the time limits.
   * @param options What the server answers.
   */
  constructor(clock: FingerClock, options: FingerOptions) {
    super();
    this.clock = clock;
    this.queryTimeout = options.queryTimeout ?? 30;
    this.#options = options;
  }

  /**
   * Answers a query. A failure is logged, and the answer does not show it.
   *
   * @param line The line that a client has sent, without its end.
   * @returns A Deferred of the answer, which only fails if it is cancelled.
   */
  answer(line: string): Deferred<string> {
    const seconds = this.#options.answerTimeout ?? 30;
    return maybeDeferred(() => this.#find(parseQuery(line))).addTimeout(seconds, this.clock)
      .addErrback((error) => {
        if (error instanceof CancelledError) throw error;
        log.err(error, "Cannot answer a finger query");
        return "Internal error in server";
      });
  }

  #find(query: FingerQuery | null): string | Deferred<string> | Promise<string> {
    if (query === null) return "This is not a query of RFC 1288";
    const { forward, getUsers } = this.#options;
    if (query.hosts.length > 0) {
      return forward?.(query) ?? "Finger forwarding service denied";
    }
    if (query.user === "") return getUsers?.(query) ?? "Finger online user list denied";
    return maybeDeferred(() => this.#options.getUser(query))
      .addCallback((text) => text ?? "No such user");
  }
}

/** Options of {@linkcode askFinger}. */
export interface AskFingerOptions {
  /** Seconds for the connection and the whole answer. @default {30} */
  readonly timeout?: number;
  /** The greatest length of an answer, in bytes. @default {65536} */
  readonly maxLength?: number;
}

/** Sends a query, and collects the answer until the server closes the connection. */
class FingerClient extends Protocol {
  readonly answer = new Deferred<string>(() => this.transport.abortConnection());
  readonly #query: string;
  readonly #maxLength: number;
  readonly #decoder = new TextDecoder();
  #text = "";
  #length = 0;

  constructor(query: string, maxLength: number) {
    super();
    this.#query = query;
    this.#maxLength = maxLength;
  }

  override connectionMade(): void {
    this.transport.write(`${this.#query}\r\n`);
  }

  override dataReceived(data: Uint8Array): void {
    this.#length += data.length;
    if (this.#length <= this.#maxLength) {
      this.#text += this.#decoder.decode(data, { stream: true });
      return;
    }
    const peer = this.transport.getPeer();
    this.transport.abortConnection();
    this.answer.errback(
      new RangeError(
        `Cannot read the answer of ${peer}: it is longer than ${this.#maxLength} bytes`,
      ),
    );
  }

  override connectionLost(reason: Error): void {
    if (this.answer.called) return;
    if (reason.name === "ConnectionDone") this.answer.callback(this.#text + this.#decoder.decode());
    else this.answer.errback(reason);
  }
}

/**
 * Asks a finger server.
 *
 * @param endpoint The server.
 * @param query The query: `"ada"`, or `"/W ada"` for more details.
 * @param clock The clock of the time limit.
 * @param options The limits.
 * @returns A Deferred of the answer, as the server has sent it. Show it with `log.visibleText()`.
 *   It fails with the error of the connection, or after the time limit with a `TimeoutError`.
 * @throws {TypeError} If the query is not one of RFC 1288.
 */
export function askFinger(
  endpoint: IStreamClientEndpoint,
  query: string,
  clock: FingerClock,
  options: AskFingerOptions = {},
): Deferred<string> {
  if (parseQuery(query) === null) {
    throw new TypeError(`Cannot ask ${JSON.stringify(query)}: it is not a query of RFC 1288`);
  }
  const { timeout = 30, maxLength = 65536 } = options;
  return connectProtocol(endpoint, new FingerClient(query, maxLength))
    .addCallback(({ answer }) => answer)
    .addTimeout(timeout, clock);
}

/**
 * Makes a `forward` option that asks certain servers, and denies all others.
 *
 * @param endpoints The servers that clients may ask, by the names that clients use.
 * @param clock The clock of the time limit of 10 seconds.
 */
export function forwardTo(
  endpoints: ReadonlyMap<string, IStreamClientEndpoint>,
  clock: FingerClock,
): (query: FingerQuery) => string | Deferred<string> {
  return ({ user, hosts: [host = "", ...more], isVerbose }) => {
    const endpoint = endpoints.get(host);
    // The other server would ask a further host.
    if (endpoint === undefined || more.length > 0) return "Finger forwarding service denied";
    return askFinger(endpoint, isVerbose ? `/W ${user}` : user, clock, { timeout: 10 })
      .addErrback((error) => {
        if (error instanceof CancelledError) throw error; // the client has left
        log.err(error, `Cannot ask ${host}`);
        return `${host} does not answer`;
      });
  };
}
