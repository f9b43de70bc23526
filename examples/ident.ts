/**
 * The Identification Protocol (RFC 1413): a server that names the user of a connection, and a
 * client that asks it. IRC clients run such a server, and IRC servers ask it.
 *
 *     deno run --allow-net examples/ident.ts
 *
 * Try it: `echo 6193, 23 | nc 127.0.0.1 1113` prints `6193, 23 : USERID : UNIX : ada`, and
 * `deno run --allow-net examples/ident.ts ask tcp:127.0.0.1:1113 6193 23` prints `ada (UNIX)`.
 * Ctrl-C stops the server. Arguments of the server: the port (1113; 0 lets the system choose; the
 * protocol's own is 113) and the user. Arguments of the client: `ask`, an endpoint, the port on the
 * server and the port on the client.
 *
 * No well-kept npm package for the protocol was found, so its few lines of grammar are written
 * here.
 */

import {
  type Address,
  CancelledError,
  clientFromString,
  connectProtocol,
  Deferred,
  Factory,
  type IReactor,
  type IReactorTime,
  type IStreamClientEndpoint,
  LineOnlyReceiver,
  LineReceiver,
  log,
  maybeDeferred,
  react,
  reactor,
  TCP4ServerEndpoint,
} from "@torsion/reactor";
import { TimeoutMixin } from "@torsion/reactor/protocol";

/** The reasons for which a user is not named (RFC 1413, section 5). */
export type IdentErrorType =
  | "INVALID-PORT"
  | "NO-USER"
  | "HIDDEN-USER"
  | "UNKNOWN-ERROR"
  | `X${string}`;

/** The user of a connection is not named. */
export class IdentError extends Error {
  override readonly name = "IdentError";
  /** The reason, as it is sent. */
  readonly type: IdentErrorType;

  constructor(type: IdentErrorType, message: string = type) {
    super(message);
    this.type = type;
  }
}

/** The user of a connection. The client cannot verify the name. */
export interface IdentUser {
  /** The operating system, such as `UNIX`; `OTHER` if the user is not one of the system. */
  readonly system: string;
  /** The name, of at most 512 bytes. */
  readonly user: string;
}

/** One end of a connection. */
export interface IdentEnd {
  readonly address: Address;
  readonly port: number;
}

/** The answers of a server, and its time limits in seconds. */
export interface IdentOptions {
  /**
   * Finds the user of a connection. Throw an {@linkcode IdentError} to answer with an error.
   *
   * @param server The end at this host.
   * @param client The end at the host that asks.
   */
  lookUp(server: IdentEnd, client: IdentEnd): IdentUser | Deferred<IdentUser> | Promise<IdentUser>;
  /** The time without a query after which a connection closes. @default {120} */
  readonly idleTimeout?: number;
  /** The time in which a user is found. @default {30} */
  readonly lookUpTimeout?: number;
}

/** The clock of the time limits: a reactor, or the `Clock` of a test. */
export type IdentClock = Pick<IReactorTime, "callLater" | "seconds">;

/** The greatest length of a line: RFC 1413 permits closing the connection after a longer one. */
const MAX_LENGTH = 1000;
/** The greatest length of a name, in bytes. */
const MAX_USER = 512;

/** A connection of an {@linkcode IdentFactory}. It answers one query after the other. */
class IdentServer extends TimeoutMixin(LineReceiver)<IdentFactory> {
  // Programs end a line with CR LF, and people who type into nc with LF alone.
  override delimiter = "\n";
  override MAX_LENGTH = MAX_LENGTH;
  #answer: Deferred<void> | null = null;

  override connectionMade(): void {
    this.clock = this.factory.clock;
    this.setTimeout(this.factory.idleTimeout);
  }

  override textReceived(line: string): void {
    const [, portOnServer, portOnClient] = /^\s*(-?\d{1,9})\s*,\s*(-?\d{1,9})\s*$/.exec(line) ?? [];
    if (portOnServer === undefined || portOnClient === undefined) {
      this.transport.loseConnection();
      return;
    }
    // Further queries wait in the transport, not in memory.
    this.pauseProducing();
    this.setTimeout(null);
    const server = { address: this.transport.getHost(), port: Number(portOnServer) };
    const client = { address: this.transport.getPeer(), port: Number(portOnClient) };
    this.#answer = this.factory.answer(server, client).addCallbacks(
      (answer) => {
        this.transport.write(`${server.port}, ${client.port} : ${answer}\r\n`);
        this.setTimeout(this.factory.idleTimeout);
        this.resumeProducing();
      },
      () => this.transport.loseConnection(), // cancelled: the client has left
    );
  }

  override connectionLost(reason: Error): void {
    super.connectionLost(reason);
    this.#answer?.cancel();
  }
}

/** An ident server. */
export class IdentFactory extends Factory<IdentServer> {
  override protocol = IdentServer;
  /** The clock of the time limits. */
  readonly clock: IdentClock;
  /** The time without a query after which a connection closes, in seconds. */
  readonly idleTimeout: number;
  readonly #options: IdentOptions;

  /**
   * @param clock The clock of the time limits.
   * @param options What the server answers.
   */
  constructor(clock: IdentClock, options: IdentOptions) {
    super();
    this.clock = clock;
    this.idleTimeout = options.idleTimeout ?? 120;
    this.#options = options;
  }

  /**
   * Answers a query. A failure other than an {@linkcode IdentError} is logged.
   *
   * @param server The end at this host.
   * @param client The end at the host that asks.
   * @returns A Deferred of the answer without the ports, which only fails if it is cancelled.
   */
  answer(server: IdentEnd, client: IdentEnd): Deferred<string> {
    const seconds = this.#options.lookUpTimeout ?? 30;
    return maybeDeferred(() => this.#lookUp(server, client)).addTimeout(seconds, this.clock)
      .addCallback(({ system, user }) => `USERID : ${system} : ${checkUser(system, user)}`)
      .addErrback((error) => {
        if (error instanceof CancelledError) throw error;
        if (error instanceof IdentError) return `ERROR : ${error.type}`;
        log.err(error, "Cannot answer an ident query");
        return "ERROR : UNKNOWN-ERROR";
      });
  }

  #lookUp(server: IdentEnd, client: IdentEnd): ReturnType<IdentOptions["lookUp"]> {
    for (const { port } of [server, client]) {
      if (port < 1 || port > 65535) throw new IdentError("INVALID-PORT");
    }
    return this.#options.lookUp(server, client);
  }
}

/** Checks the texts that become a part of a line. Returns the user. */
function checkUser(system: string, user: string): string {
  if (!/^[\w-]{1,64}(?:,[\w-]{1,64})?$/.test(system)) {
    throw new TypeError(`Cannot name a user of ${JSON.stringify(system)}: it is not a system`);
  }
  if (/[\0\r\n]/.test(user) || new TextEncoder().encode(user).length > MAX_USER) {
    throw new TypeError(
      `Cannot name the user ${JSON.stringify(user)}: ` +
        `it has a line break, or more than ${MAX_USER} bytes`,
    );
  }
  return user;
}

/** Sends one query, and reads the answer. */
class IdentClient extends LineOnlyReceiver {
  override delimiter = "\n";
  override MAX_LENGTH = MAX_LENGTH;
  readonly answer = new Deferred<IdentUser>(() => this.transport.abortConnection());
  readonly #ports: readonly [server: number, client: number];

  constructor(portOnServer: number, portOnClient: number) {
    super();
    this.#ports = [portOnServer, portOnClient];
  }

  override connectionMade(): void {
    this.transport.write(`${this.#ports.join(", ")}\r\n`);
  }

  override textReceived(line: string): void {
    this.transport.loseConnection(); // no further line arrives
    const text = line.replace(/\r$/, "");
    const [ports = "", kind = "", first = "", ...rest] = text.split(":");
    const [, portOnServer, portOnClient] = /^\s*(\d+)\s*,\s*(\d+)\s*$/.exec(ports) ?? [];
    const isMine = `${this.#ports}` === `${Number(portOnServer)},${Number(portOnClient)}`;
    const type = kind.trim().toUpperCase();
    if (isMine && type === "USERID" && rest.length > 0) {
      this.answer.callback({ system: first.trim(), user: rest.join(":").trimStart() });
    } else if (isMine && type === "ERROR") {
      this.answer.errback(new IdentError(errorType(first.trim())));
    } else {
      this.answer.errback(
        new IdentError(
          "UNKNOWN-ERROR",
          `Cannot use the answer ${JSON.stringify(text)}: it does not answer the query`,
        ),
      );
    }
  }

  override lineLengthExceeded(): void {
    this.transport.abortConnection();
    this.answer.errback(
      new IdentError(
        "UNKNOWN-ERROR",
        `Cannot read the answer: it is longer than ${MAX_LENGTH} bytes`,
      ),
    );
  }

  // RFC 1413: a connection that ends without an answer means the same as an unknown error.
  override connectionLost(reason: Error): void {
    if (!this.answer.called) {
      this.answer.errback(new IdentError("UNKNOWN-ERROR", reason.message));
    }
  }
}

/** Returns the reason that a server has sent; one that RFC 1413 does not know is unknown. */
function errorType(text: string): IdentErrorType {
  const type = text.toUpperCase();
  const isKnown = type === "INVALID-PORT" || type === "NO-USER" || type === "HIDDEN-USER";
  if (isKnown) return type;
  return /^X[\x21-\x7e]{1,63}$/.test(type) ? `X${type.slice(1)}` : "UNKNOWN-ERROR";
}

/**
 * Asks for the user of a connection to this host. The client connects from the address of that
 * connection.
 *
 * @param endpoint The ident server: port 113 of the peer.
 * @param portOnServer The port of the connection at the peer.
 * @param portOnClient The port of the connection at this host.
 * @param clock The clock of the time limit.
 * @param timeout Seconds for the connection and the answer; RFC 1413 asks for at least 30.
 * @returns A Deferred of the user. It fails with an {@linkcode IdentError}, the error of the
 *   attempt to connect, or a `TimeoutError`.
 * @throws {TypeError} If a port is not an integer.
 */
export function askIdent(
  endpoint: IStreamClientEndpoint,
  portOnServer: number,
  portOnClient: number,
  clock: IdentClock,
  timeout = 30,
): Deferred<IdentUser> {
  if (!Number.isInteger(portOnServer) || !Number.isInteger(portOnClient)) {
    throw new TypeError(
      `Cannot ask for the ports ${portOnServer} and ${portOnClient}: they must be integers`,
    );
  }
  return connectProtocol(endpoint, new IdentClient(portOnServer, portOnClient))
    .addCallback(({ answer }) => answer)
    .addTimeout(timeout, clock);
}

async function ask(reactor: IReactor, ...[, endpoint = "", ...ports]: string[]): Promise<void> {
  const [portOnServer = 0, portOnClient = 0] = ports.map(Number);
  const { system, user } = await askIdent(
    clientFromString(reactor, endpoint),
    portOnServer,
    portOnClient,
    reactor,
  );
  console.log(log.visibleText(`${user} (${system})`));
}

async function serve(port: string, user: string): Promise<void> {
  log.startLogging(Deno.stdout);
  const factory = new IdentFactory(reactor, { lookUp: () => ({ system: "UNIX", user }) });
  const limits = {
    interface: "127.0.0.1",
    maxConnections: 1000,
    maxConnectionsPerHost: 20,
    // A client that does not read its answers is dropped.
    writeBufferLimit: 65536,
    writeStallTimeout: 30,
  };
  await new TCP4ServerEndpoint(reactor, Number(port), limits).listen(factory);
  await reactor.run();
}

if (import.meta.main) {
  const [first = "1113", user = "ada"] = Deno.args;
  if (first === "ask") await react(ask, Deno.args);
  else await serve(first, user);
}
