import type { Deferred } from "../defer/mod.ts";
import { ConnectingFactory } from "../endpoints/connecting_factory.ts";
import { connectUntilAborted } from "../endpoints/connect_until_aborted.ts";
import type {
  EndpointOptions,
  IStreamClientEndpoint,
  IStreamServerEndpoint,
  ITypedProtocolFactory,
} from "../endpoints/interfaces.ts";
import { listening } from "../endpoints/listening.ts";
import { isError } from "../internal/foreign_value.ts";
import { checkInteger, checkTimeout, quote } from "../internal/validation.ts";
import { IPv4Address } from "../reactor/addresses.ts";
import { cannotListen, errorWithCode } from "../reactor/stream/system_error.ts";
import { MemoryAcceptor } from "../reactor/drivers/memory/memory_acceptor.ts";
import { memoryDial, type MemoryRoute, refusal } from "../reactor/drivers/memory/memory_dial.ts";
import { memoryPipe } from "../reactor/drivers/memory/memory_driver.ts";
import { nodeTLS } from "../reactor/drivers/node/tls_contexts.ts";
import type {
  ConnectStreamOptions,
  IInternetAddress,
  IListeningPort,
  IProtocol,
  IProtocolFactory,
  ListenStreamOptions,
} from "../reactor/interfaces/mod.ts";
import { MicrotaskQueue } from "../reactor/lifecycle/microtask_queue.ts";
import { ReactorResources } from "../reactor/lifecycle/open_resources.ts";
import type { ConnectionContext } from "../reactor/stream/connection_context.ts";
import { connectionLimits } from "../reactor/stream/connection_limits.ts";
import { Connector } from "../reactor/stream/connector.ts";
import type { DialSink } from "../reactor/stream/dial.ts";
import { StreamPort } from "../reactor/stream/stream_port.ts";
import { streamPortLimits } from "../reactor/stream/stream_port_limits.ts";
import { Clock } from "../task/mod.ts";
import { type IOPump, loopOf } from "./io_pump.ts";
import { memoryLink, type MemoryLinkOptions } from "./memory_link.ts";
import type { MemoryLoop } from "./memory_loop.ts";
import { runningClock } from "./running_clock.ts";

/** The seconds of an attempt to connect, as on a reactor. */
const CONNECT_TIMEOUT = 30;

/**
 * The answer to an attempt to connect: `"accept"` connects to the server, and refuses if it does
 * not listen; `"refuse"` always refuses; `"never"` gives no answer, so that the attempt is pending
 * until it times out or is cancelled; an error makes the attempt fail with it.
 */
export type MemoryAnswer = "accept" | "refuse" | "never" | Error;

/** Options of {@linkcode MemoryEndpoints}. */
export interface MemoryEndpointsOptions extends MemoryLinkOptions {
  /**
   * The pump that moves the bytes and makes the connections. Without one, they are made and moved
   * in microtasks: a test awaits them.
   */
  pump?: IOPump | undefined;
  /**
   * The time of timeouts, if no pump is given.
   *
   * @default {new Clock()}
   */
  clock?: Clock | undefined;
  /**
   * The server's address.
   *
   * @default {192.0.2.1:2000}
   */
  address?: IInternetAddress | undefined;
  /** Limits and timeouts of the port and of its connections. */
  listenOptions?: ListenStreamOptions | undefined;
  /** Limits and timeouts of the client's connections. `timeout` is 30 seconds by default. */
  connectOptions?: ConnectStreamOptions | undefined;
}

/**
 * A server endpoint and a client endpoint that are connected in memory, for tests of programs that
 * take an endpoint. They need no reactor, no network and no permission.
 *
 * Ports, connectors and connections are the real ones: limits, timeouts, cancelling and the errors
 * are those of a reactor. Set {@linkcode answer} to make attempts fail. To complete each attempt by
 * hand, use {@linkcode ManualEndpoint}.
 *
 * Without a pump, everything happens in microtasks, so a test is `async` and awaits its events.
 * With the option `pump`, everything happens in `pump.flush()`, and a test can be synchronous.
 *
 * `using` closes the port and all connections at the end of the test.
 *
 * @example
 * ```ts
 * import { connectProtocol, Factory, Protocol } from "@torsion/reactor";
 * import { MemoryEndpoints, TestPeer } from "@torsion/reactor/testing";
 *
 * class Greeter extends Protocol {
 *   override connectionMade(): void {
 *     this.transport.write("Hello");
 *   }
 * }
 *
 * using endpoints = new MemoryEndpoints();
 * const port = await endpoints.server.listen(Factory.forProtocol(Greeter));
 * const peer = await connectProtocol(endpoints.client, new TestPeer());
 * peer.close();
 * await port.stopListening();
 *
 * endpoints.answer = "refuse";
 * const error = await connectProtocol(endpoints.client, new TestPeer())
 *   .addErrback((error) => error);
 * console.log(String(error)); // ConnectionRefusedError: Cannot connect to 192.0.2.1:2000: …
 * ```
 */
export class MemoryEndpoints implements Disposable {
  /** The endpoint of the server. One port can listen at a time. */
  readonly server: IStreamServerEndpoint<IInternetAddress>;
  /** The endpoint of the client. */
  readonly client: IStreamClientEndpoint;
  /** The time of the timeouts. */
  readonly clock: Clock;
  /** The answer to the attempts to connect from now on. */
  answer: MemoryAnswer = "accept";
  readonly #context: ConnectionContext;
  readonly #loop: MemoryLoop | null;
  readonly #schedule: (step: () => void) => void;
  readonly #options: MemoryEndpointsOptions;
  readonly #address: IInternetAddress;
  #acceptor: MemoryAcceptor<IInternetAddress> | null = null;
  /** The port number of the last client. */
  #lastPort = 49151;

  /**
   * Creates the endpoints. Nothing listens yet.
   *
   * @param options The pump or the clock, chunks, capacity and limits.
   * @throws {RangeError | TypeError} If an option is out of range.
   */
  constructor(options: MemoryEndpointsOptions = {}) {
    const { pump, clock, address = new IPv4Address("TCP", "192.0.2.1", 2000) } = options;
    if (pump !== undefined && clock !== undefined && clock !== pump.clock) {
      throw new TypeError("Cannot make endpoints: the pump has a clock, so clock must be omitted");
    }
    memoryLink(options);
    this.clock = pump?.clock ?? clock ?? new Clock();
    this.#loop = pump === undefined ? null : loopOf(pump);
    this.#context = this.#loop ?? {
      ...runningClock(this.clock),
      resources: new ReactorResources(),
      microtasks: new MicrotaskQueue(),
      tls: nodeTLS,
    };
    this.#schedule = this.#loop?.schedule ?? queueMicrotask;
    this.#options = options;
    this.#address = address;
    this.server = {
      listen: (factory, options) => listening(this.server, () => this.#listen(factory), options),
      toString: () => String(address),
    };
    this.client = {
      connect: (factory, options) => this.#connect(factory, options),
      toString: () => String(address),
    };
  }

  /**
   * Closes the port, all attempts and all connections. Everything that shares a pump closes
   * together.
   */
  [Symbol.dispose](): void {
    this.#context.resources.shutDown();
    this.#loop?.settle();
  }

  #listen(factory: IProtocolFactory): IListeningPort<IInternetAddress> {
    const { backlog = 511, ...options } = this.#options.listenOptions ?? {};
    checkInteger("backlog", backlog, 1, 65535);
    const limits = streamPortLimits(options);
    const port = new StreamPort(this.#context, factory, limits, () => this.#bind(backlog));
    port.startListening();
    return port;
  }

  #bind(backlog: number): MemoryAcceptor<IInternetAddress> {
    const address = this.#address;
    if (this.#acceptor !== null) {
      throw cannotListen(address, errorWithCode("EADDRINUSE", "the address is in use"));
    }
    return this.#acceptor = new MemoryAcceptor(address, backlog, this.#schedule, () => {
      this.#acceptor = null;
    });
  }

  #connect<P extends IProtocol>(
    factory: ITypedProtocolFactory<P>,
    options?: EndpointOptions,
  ): Deferred<P> {
    return connectUntilAborted(() => {
      const connecting = new ConnectingFactory(factory);
      const { timeout = CONNECT_TIMEOUT, signal, ...limits } = this.#options.connectOptions ?? {};
      checkTimeout("timeout", timeout);
      new Connector(
        this.#context,
        connecting,
        this.#address,
        connectionLimits(limits),
        timeout,
        (sink) => this.#dial(sink),
        signal,
      ).connect();
      return connecting.connected;
    }, options);
  }

  /** Makes one attempt. It is a {@linkcode Dial}. */
  #dial(sink: DialSink): () => void {
    const answer = this.answer;
    if (answer === "never") return () => sink.released();
    if (answer === "accept" || answer === "refuse") {
      return memoryDial(this.#address, this.#schedule, () => this.#route(answer))(sink);
    }
    const expected = '"accept", "refuse", "never" or an Error';
    const reason = isError(answer)
      ? answer
      : new TypeError(`answer must be ${expected}, got ${quote(answer)}`);
    this.#schedule(() => {
      sink.failed(reason);
      sink.released();
    });
    return () => {};
  }

  /** Returns the way to the port. */
  #route(answer: "accept" | "refuse"): MemoryRoute {
    const acceptor = this.#acceptor;
    if (acceptor === null || answer === "refuse") throw refusal();
    const client = new IPv4Address("TCP", "192.0.2.2", ++this.#lastPort);
    return {
      acceptor,
      release: () => {},
      open: () =>
        memoryPipe({
          ...memoryLink(this.#options),
          schedule: this.#schedule,
          addresses: [client, this.#address],
        }),
    };
  }
}
