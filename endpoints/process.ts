import { connectAborted } from "../reactor/stream/connect_aborted.ts";
import { checkFactory } from "../reactor/lifecycle/argument_checks.ts";
import { callLogged } from "../defer/guarded_call.ts";
import { type Deferred, execute, fail } from "../defer/mod.ts";
import { ProcessAddress } from "../reactor/addresses.ts";
import { NoProtocol } from "../reactor/errors.ts";
import { buildProtocol, startFactory, stopFactory } from "../reactor/stream/factory_calls.ts";
import type { IProtocol, IReactorProcess, SpawnProcessOptions } from "../reactor/interfaces/mod.ts";
import type {
  EndpointOptions,
  IStreamClientEndpoint,
  ITypedProtocolFactory,
} from "../reactor/interfaces/endpoint.ts";
import { ProcessRelay } from "./process_relay.ts";

/** The handling of a child process's standard error. Twisted's `StandardErrorBehavior`. */
export type StandardErrorBehavior = "log" | "drop";

/**
 * The ways to handle a child process's standard error: log it, or drop it. Twisted's
 * `StandardErrorBehavior`.
 */
export const StandardErrorBehavior = {
  /** Logs standard error. */
  LOG: "log",
  /** Drops standard error. */
  DROP: "drop",
} as const satisfies Record<string, StandardErrorBehavior>;

/** Options of a {@linkcode ProcessEndpoint}. */
export interface ProcessEndpointOptions extends SpawnProcessOptions {
  /**
   * The handling of the process's standard error.
   *
   * @default {StandardErrorBehavior.LOG}
   */
  errFlag?: StandardErrorBehavior | undefined;
}

/**
 * A client endpoint that starts a program: the protocol receives its standard output, and writes to
 * its standard input. Twisted's `ProcessEndpoint`.
 *
 * The connection is lost when the program has exited and all its output has been received: with
 * `ConnectionDone` for the exit code 0, and else with `ProcessTerminated`. The transport is a
 * `ProcessConnection`, which has the process.
 *
 * Unlike in Twisted, a half-closeable protocol is notified when each direction is closed;
 * `loseConnection` sends the written data before it closes the output; `abortConnection` kills the
 * program; and when the reactor stops, the connection is lost, although the program may continue to
 * run.
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
   * Creates an endpoint. The program is not started yet.
   *
   * @param reactor The reactor that will start the process.
   * @param executable The program: a path, or a name that is looked up in `PATH`.
   * @param options Options of the process, such as `args` and `env`.
   */
  constructor(reactor: IReactorProcess, executable: string, options: ProcessEndpointOptions = {}) {
    this.#reactor = reactor;
    this.#executable = executable;
    const { errFlag = StandardErrorBehavior.LOG, ...spawnOptions } = options;
    this.#errFlag = errFlag;
    this.#spawnOptions = spawnOptions;
  }

  /** Returns the program. */
  toString(): string {
    return this.#executable;
  }

  /**
   * Starts the program. Each connection starts it anew.
   *
   * @param factory The factory that builds the protocol, for a `ProcessAddress` that has no process
   *   id yet.
   * @param options `signal` has an effect only if it has aborted already, because the result is
   *   there at once.
   * @returns A Deferred that has fired with the protocol; or has failed with `SpawnError`, with
   *   `NoProtocol`, or with the error that the factory or `connectionMade` threw.
   */
  connect<P extends IProtocol>(
    factory: ITypedProtocolFactory<P>,
    options?: EndpointOptions,
  ): Deferred<P> {
    if (options?.signal?.aborted) {
      return fail(
        connectAborted(new ProcessAddress(this.#executable), options.signal.reason),
      );
    }
    return execute(() => {
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
        // If the process was started, the factory is stopped when the process ends, and must not be
        // stopped here as well.
        if (!relay?.isConnected) {
          callLogged(stopFactory, [factory], `Error while calling doStop for ${this.#executable}`);
        }
        throw error;
      }
    });
  }

  #build<P extends IProtocol>(factory: ITypedProtocolFactory<P>): P {
    const protocol = buildProtocol(factory, new ProcessAddress(this.#executable));
    if (protocol !== null) return protocol;
    throw new NoProtocol(
      `Cannot start ${JSON.stringify(this.#executable)}: the factory built no protocol`,
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
