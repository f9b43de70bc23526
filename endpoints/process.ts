import { connectUntilAborted } from "./connect_until_aborted.ts";
import { checkFactory } from "../reactor/lifecycle/argument_checks.ts";
import type { Deferred } from "../defer/mod.ts";
import { ProcessAddress } from "../reactor/addresses.ts";
import { NoProtocol } from "../reactor/errors.ts";
import { buildProtocol, startFactory, stopFactory } from "../reactor/stream/factory_calls.ts";
import type { IProtocol, IReactorProcess, SpawnProcessOptions } from "../reactor/interfaces/mod.ts";
import type {
  EndpointOptions,
  IStreamClientEndpoint,
  ITypedProtocolFactory,
} from "./interfaces.ts";
import { ProcessRelay } from "./process_relay.ts";

/** What becomes of what a child writes to its standard error. Twisted's `StandardErrorBehavior`. */
export type StandardErrorBehavior = "log" | "drop";

/** What becomes of what a child writes to its standard error: it is logged, or dropped. Twisted's `StandardErrorBehavior`. */
export const StandardErrorBehavior = {
  /** It is logged. */
  LOG: "log",
  /** It is dropped. */
  DROP: "drop",
} as const satisfies Record<string, StandardErrorBehavior>;

/** How a child process is started, and what becomes of its standard error. */
export interface ProcessEndpointOptions extends SpawnProcessOptions {
  /**
   * What becomes of what it writes to its standard error.
   *
   * @default {StandardErrorBehavior.LOG}
   */
  errFlag?: StandardErrorBehavior | undefined;
}

/**
 * A program to start, as a place to connect to: its standard output is what the protocol receives, its standard input what the protocol
 * writes. Twisted's `ProcessEndpoint`.
 *
 * The connection is lost when the program has ended, and all that it wrote has been received: with `ConnectionDone` for exit code 0, else with
 * `ProcessTerminated`. Beyond Twisted, a half-closeable protocol is told of the end of each direction; `loseConnection` sends what was written
 * before it closes the output too; `abortConnection` kills the program; and when the reactor stops, the connection is lost, though the
 * program may run on. The transport is a `ProcessConnection`, which has the process.
 *
 * @example
 * ```ts no-eval
 * import { Factory, ProcessEndpoint, Protocol, reactor } from "@torsion/reactor";
 *
 * class Sorted extends Protocol {
 *   override connectionMade() {
 *     this.transport.write("pear\napple\n");
 *     this.transport.loseWriteConnection();
 *   }
 *   override dataReceived(data: Uint8Array) {
 *     console.log(new TextDecoder().decode(data)); // apple, pear
 *   }
 * }
 *
 * reactor.run();
 * await new ProcessEndpoint(reactor, "sort").connect(Factory.forProtocol(Sorted));
 * ```
 */
export class ProcessEndpoint implements IStreamClientEndpoint {
  readonly #reactor: IReactorProcess;
  readonly #executable: string;
  readonly #spawnOptions: SpawnProcessOptions;
  readonly #errFlag: StandardErrorBehavior;

  /**
   * Names a program; nothing is started yet.
   *
   * @param reactor What starts it.
   * @param executable The program: a path, or a name that is looked up in `PATH`.
   * @param options How it is started: `args`, `env` and the rest.
   */
  constructor(reactor: IReactorProcess, executable: string, options: ProcessEndpointOptions = {}) {
    this.#reactor = reactor;
    this.#executable = executable;
    const { errFlag = StandardErrorBehavior.LOG, ...spawnOptions } = options;
    this.#errFlag = errFlag;
    this.#spawnOptions = spawnOptions;
  }

  /** See {@linkcode IStreamClientEndpoint.toString}: the program. */
  toString(): string {
    return this.#executable;
  }

  /**
   * Starts the program. It is started once for each connection.
   *
   * @param factory What makes the protocol, from a `ProcessAddress` that has no number yet.
   * @returns A Deferred that has fired: with the protocol, or with `SpawnError`, `NoProtocol`, or what the factory or `connectionMade` threw.
   */
  connect<P extends IProtocol>(
    factory: ITypedProtocolFactory<P>,
    options?: EndpointOptions,
  ): Deferred<P> {
    return connectUntilAborted(() => {
      checkFactory("connect", factory);
      startFactory(factory);
      let relay: ProcessRelay | null = null;
      try {
        const protocol = this.#build(factory);
        relay = this.#relay(protocol, () => stopFactory(factory));
        this.#reactor.spawnProcess(relay, this.#executable, this.#spawnOptions);
        if (relay.failure !== null) throw relay.failure;
        return protocol;
      } catch (error) {
        // Where there is a process, its end stops the factory.
        if (!relay?.isConnected) stopFactory(factory);
        throw error;
      }
    }, options);
  }

  #build<P extends IProtocol>(factory: ITypedProtocolFactory<P>): P {
    const protocol = buildProtocol(factory, new ProcessAddress(this.#executable));
    if (protocol !== null) return protocol;
    throw new NoProtocol(
      `Starting ${JSON.stringify(this.#executable)} came to nothing: the factory built no protocol`,
      { address: this.#executable },
    );
  }

  #relay(protocol: IProtocol, lost: () => void): ProcessRelay {
    const { childFDs } = this.#spawnOptions;
    return new ProcessRelay({
      protocol,
      executable: this.#executable,
      logsErrors: this.#errFlag === StandardErrorBehavior.LOG,
      isWritable: childFDs === undefined || childFDs[0] === "w",
      lost,
    });
  }
}
