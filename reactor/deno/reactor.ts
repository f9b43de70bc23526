/**
 * The default reactor: Deno's own sockets, timers and signals.
 *
 * @module
 */

import { internetAddress } from "../addresses.ts";
import { ReactorBase } from "../base.ts";
import type { ConnectionHost } from "../connection.ts";
import { connectionLimits } from "../connection_limits.ts";
import { Connector } from "../connector.ts";
import { EndOfTurn } from "../end_of_turn.ts";
import type {
  ConnectTCPOptions,
  IClientFactory,
  IConnector,
  IListeningPort,
  IProtocolFactory,
  IReactor,
  IThreadPool,
  ListenTCPOptions,
  WorkerTask,
} from "../interfaces.ts";
import { StreamPort } from "../stream_port.ts";
import { ReactorThreads } from "../threads/reactor_threads.ts";
import { checkBound, checkDelay, checkInteger, quote } from "../validation.ts";
import { bindTcp, dialTcp } from "./tcp.ts";
import { startDenoThread } from "./thread.ts";

/**
 * A reactor on Deno's own APIs: `Deno.listen`, `Deno.connect`, `Deno.addSignalListener`. Needs `--allow-net` for what it listens on and
 * connects to, and nothing else.
 *
 * @example
 * ```ts
 * import { DenoReactor } from "@torsion/reactor";
 *
 * const reactor = new DenoReactor();
 * reactor.callLater(4, () => reactor.stop());
 * await reactor.run(); // four seconds
 * ```
 */
export class DenoReactor extends ReactorBase implements IReactor {
  readonly #host: ConnectionHost;
  readonly #threads = new ReactorThreads(this, this.resources, startDenoThread);

  constructor() {
    super({
      signalSource: { listen: Deno.addSignalListener, unlisten: Deno.removeSignalListener },
      // Ctrl-Break exists on Windows only.
      stopSignals: Deno.build.os === "windows"
        ? ["SIGINT", "SIGTERM", "SIGBREAK"]
        : ["SIGINT", "SIGTERM"],
    });
    this.#host = { reactor: this, resources: this.resources, endOfTurn: new EndOfTurn() };
  }

  /** See `IReactorTCP.listenTCP`. */
  listenTCP(
    port: number,
    factory: IProtocolFactory,
    options: ListenTCPOptions = {},
  ): IListeningPort {
    this.use();
    const { backlog = 511, interface: hostname = "0.0.0.0", maxConnections = Infinity } = options;
    const { maxConnectionsPerHost = Infinity, overflow = "pause" } = options;
    checkInteger("listenTCP() port", port, 0, 65535);
    checkInteger("backlog", backlog, 1, 65535);
    checkBound("maxConnections", maxConnections, 1);
    checkBound("maxConnectionsPerHost", maxConnectionsPerHost, 1);
    if (overflow !== "pause" && overflow !== "refuse") {
      throw new RangeError(`overflow must be "pause" or "refuse", got ${quote(overflow)}`);
    }
    const limits = {
      maxConnections,
      maxConnectionsPerHost,
      overflow,
      connection: connectionLimits(options),
    };
    const listening = new StreamPort(
      this.#host,
      factory,
      limits,
      () => bindTcp(hostname, port, backlog),
    );
    listening.startListening();
    return listening;
  }

  /** See `IReactorTCP.connectTCP`. */
  connectTCP(
    host: string,
    port: number,
    factory: IClientFactory,
    options: ConnectTCPOptions = {},
  ): IConnector {
    this.use();
    const { timeout = 30 } = options;
    checkInteger("connectTCP() port", port, 1, 65535);
    if (timeout !== Infinity) checkDelay("timeout", timeout);
    const destination = internetAddress("TCP", host, port);
    const connector = new Connector(
      this.#host,
      factory,
      destination,
      connectionLimits(options),
      timeout,
      dialTcp(host, port),
    );
    connector.connect();
    return connector;
  }

  /** See `IReactorThreads.callInThread`. */
  callInThread<A extends unknown[]>(task: WorkerTask<A>, ...args: NoInfer<A>): void {
    this.getThreadPool().callInThread(task, ...args);
  }

  /** See `IReactorThreads.suggestThreadPoolSize`. */
  suggestThreadPoolSize(size: number): void {
    this.use();
    this.#threads.pool().adjustPoolsize({ max: size });
  }

  /** See `IReactorThreads.getThreadPool`. */
  getThreadPool(): IThreadPool {
    this.use();
    return this.#threads.pool();
  }
}
