import { Deferred, succeed } from "../../defer/mod.ts";
import { err, warn } from "../../log/mod.ts";
import { checkFunction } from "../../internal/foreign_value.ts";
import { checkInteger, checkString, checkTimeout } from "../../internal/validation.ts";
import { type RunningHTTPServer, serveHTTP } from "../../reactor/drivers/deno/http_server.ts";
import type { Address, IDelayedCall, IReactorTime } from "../../reactor/interfaces/mod.ts";
import { PendingResponses } from "./pending_responses.ts";
import { Service } from "./service.ts";

/** Seconds after the deadline of a drain in which the last answers may leave. */
const GRACE = 1;

/** What the handler of an {@linkcode HTTPService} can learn about a request. */
export interface HTTPServiceInfo {
  /** The client's address. */
  readonly peer: Address;
}

/**
 * Answers a request. A handler of this type can also be passed to an `HTTPFactory`.
 *
 * @param request The request.
 * @param info The client's address.
 * @returns The response, or a promise or Deferred of it.
 */
export type HTTPServiceHandler = (
  request: Request,
  info: HTTPServiceInfo,
) => Response | PromiseLike<Response>;

/** Options of an {@linkcode HTTPService}. */
export interface HTTPServiceOptions {
  /**
   * The port number; 0 lets the system choose.
   *
   * @default {8000}
   */
  port?: number | undefined;
  /**
   * The local IP address on which to listen.
   *
   * @default {"0.0.0.0"}
   */
  interface?: string | undefined;
  /** The certificate as PEM, for HTTPS. It requires `key`. */
  cert?: string | undefined;
  /** The private key as PEM, for HTTPS. It requires `cert`. */
  key?: string | undefined;
  /**
   * Seconds that open requests have to complete when the service stops; `Infinity` for no deadline.
   *
   * @default {10}
   */
  drain?: number | undefined;
}

/** One run of the server, from its start to the end of its drain. */
interface Run {
  readonly server: RunningHTTPServer;
  readonly pending: PendingResponses;
}

/**
 * Deno's own HTTP server, as a service: it listens while the service runs, and a stop of the
 * service completes the open requests, up to a deadline. Twisted has no equivalent.
 *
 * It speaks HTTP/2 over TLS and compresses responses, which `HTTPFactory` of
 * `@torsion/reactor/http` does not. In return, it supports neither endpoints nor the PROXY
 * protocol, has no limits on clients, and needs a real network in tests.
 *
 * A handler that throws is logged, and answered with 500. At the deadline of a stop, requests whose
 * handlers have not returned are answered with 503, and the stop is complete one second later at
 * the latest, even if a client does not read its response, or a stream has no end. Deno 2.9.6
 * cannot close such a connection: neither the server's signal nor a body that fails closes it, and
 * `unref()` of the server does not let the process end. The process ends when the client
 * disconnects, or when the program calls `Deno.exit()` after `reactor.run()`.
 *
 * @example
 * ```ts no-eval
 * import { reactor, startApplication } from "@torsion/reactor";
 * import { HTTPService } from "@torsion/reactor/endpoints";
 *
 * const web = new HTTPService(reactor, () => new Response("Hello\n"), { port: 8080 });
 * startApplication(reactor, web);
 * await reactor.run(); // serves until Ctrl-C
 * Deno.exit(); // does not wait for clients that do not read
 * ```
 */
export class HTTPService extends Service {
  readonly #clock: Pick<IReactorTime, "callLater">;
  readonly #handler: HTTPServiceHandler;
  readonly #options: HTTPServiceOptions;
  readonly #drain: number;
  #run: Run | null = null;

  /**
   * Creates a service that has not been started.
   *
   * @param clock The clock of the drain, usually the reactor.
   * @param handler The function that answers the requests.
   * @param options The address, the certificate and the drain.
   * @throws {TypeError} when `handler` is not a function, or only one of `cert` and `key` is given.
   * @throws {RangeError} when `port` or `drain` is out of range.
   */
  constructor(
    clock: Pick<IReactorTime, "callLater">,
    handler: HTTPServiceHandler,
    options: HTTPServiceOptions = {},
  ) {
    super();
    checkFunction("HTTPService() handler", handler);
    const { port = 8000, interface: hostname = "0.0.0.0", cert, key, drain = 10 } = options;
    checkInteger("HTTPService() port", port, 0, 65535);
    checkString("HTTPService() interface", hostname);
    checkTimeout("HTTPService() drain", drain);
    if ((cert === undefined) !== (key === undefined)) {
      const missing = cert === undefined ? "cert" : "key";
      throw new TypeError(`Cannot create an HTTPService: ${missing} is missing; HTTPS needs both`);
    }
    this.#clock = clock;
    this.#handler = handler;
    this.#options = options;
    this.#drain = drain;
  }

  /** The number of requests whose handlers have not returned a response. */
  get pending(): number {
    return this.#run?.pending.size ?? 0;
  }

  /**
   * Returns the address on which the service listens.
   *
   * @throws {Error} when it does not listen.
   */
  getHost(): Address {
    if (this.#run !== null) return this.#run.server.address;
    throw new Error(`Cannot get the address of ${this}: it does not listen`);
  }

  /**
   * Starts to listen, unless the service listens already.
   *
   * @throws {CannotListenError} when the address is not available.
   */
  override privilegedStartService(): void {
    if (this.#run !== null) return;
    super.privilegedStartService();
    const { port = 8000, interface: hostname = "0.0.0.0", cert, key } = this.#options;
    const tls = cert === undefined || key === undefined ? null : { cert, key };
    const handler = this.#handler;
    const pending = new PendingResponses();
    const server = serveHTTP({ port, hostname, tls }, (request, peerOf) => {
      const info = {
        get peer(): Address {
          return peerOf();
        },
      };
      return pending.answer(request, () => handler(request, info));
    });
    this.#run = { server, pending };
  }

  /**
   * Starts to listen, unless {@linkcode privilegedStartService} was called before.
   *
   * @throws {CannotListenError} when the address is not available.
   */
  override startService(): void {
    this.privilegedStartService();
    super.startService();
  }

  /**
   * Stops listening, and waits for the open requests.
   *
   * @returns A Deferred that fires when they are answered, and one second after the deadline of the
   *   option `drain` at the latest. Cancelling it ends the wait.
   */
  override stopService(): Deferred<void> {
    super.stopService();
    const run = this.#run;
    this.#run = null;
    return run === null ? succeed() : drainHTTPServer(run, this.#clock, this.#drain);
  }
}

/**
 * Stops a server.
 *
 * @param run The server, and the responses that its handlers have not returned.
 * @param clock The time of the deadline.
 * @param seconds The time until the deadline.
 * @returns A Deferred that fires when the server has stopped, and `GRACE` seconds after the
 *   deadline at the latest.
 */
export function drainHTTPServer(
  { server, pending }: Run,
  clock: Pick<IReactorTime, "callLater">,
  seconds: number,
): Deferred<void> {
  let call: IDelayedCall | null = null;
  const stopTimer = (): void => {
    if (call?.active()) call.cancel();
  };
  const stopped = new Deferred<void>(stopTimer);
  const fire = (): void => {
    stopTimer();
    if (!stopped.called) stopped.callback();
  };
  const giveUp = (): void => {
    warn(
      `Cannot send all responses of an HTTP server within ${seconds} s: their connections stay ` +
        "open, and the process does not end by itself before the clients have disconnected",
    );
    fire();
  };
  if (seconds !== Infinity) {
    call = clock.callLater(seconds, () => {
      pending.giveUp();
      call = clock.callLater(GRACE, giveUp);
    });
  }
  server.shutdown().then(fire, (error: unknown) => {
    err(error, "Error while stopping an HTTP server");
    fire();
  });
  return stopped;
}
