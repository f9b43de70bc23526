/**
 * A reactor without an operating system, on a clock that a test moves.
 *
 * @module
 */

import { checkNameResolver } from "../../lifecycle/argument_checks.ts";
import { ReactorNotRunning, UnsupportedError } from "../../errors.ts";
import type { IHostnameResolver, IReactorTime } from "../../interfaces/mod.ts";
import { TableNameResolver } from "../../names/table_name_resolver.ts";
import type { StartThread } from "../../threads/worker_thread.ts";
import { ClockTimer } from "../../time/clock_timer.ts";
import type { TLSProvider } from "../../tls/tls_engine.ts";
import { nodeTLS } from "../node/tls_contexts.ts";
import { MemoryNetwork } from "./memory_network.ts";
import { MemorySignals } from "./memory_signals.ts";
import { StepClock } from "./step_clock.ts";
import { VirtualReactor } from "./virtual_reactor.ts";

/** Options of {@linkcode InMemoryReactor}. */
export interface InMemoryReactorOptions {
  /**
   * The network. Reactors with the same network connect to each other.
   *
   * @default {A network of its own.}
   */
  network?: MemoryNetwork | undefined;
  /**
   * Resolves host names, until another resolver is installed.
   *
   * @default {A table in which `localhost` has the addresses `::1` and `127.0.0.1`.}
   */
  nameResolver?: IHostnameResolver | undefined;
  /**
   * The TLS implementation. The default needs the host's event loop: a handshake completes only
   * while the test awaits.
   *
   * @default {The TLS of `DenoReactor`.}
   */
  tls?: TLSProvider | undefined;
  /**
   * Starts a thread of the thread pool: `startDenoThread` for a real one.
   *
   * @default {Throws `UnsupportedError`.}
   */
  startThread?: StartThread | undefined;
}

/**
 * A reactor that really connects, in memory, on a clock.
 *
 * Its ports and connections are those of `DenoReactor`, over a {@linkcode MemoryNetwork}. All that
 * it does is a call of the clock: `clock.advance(0)` completes all pending input and output, in the
 * same order each time, and `clock.advance(60)` lets a minute pass. It needs no permission, and
 * does not keep the process alive. Child processes, standard streams, inherited sockets and UNIX
 * datagrams are not available, and throw `UnsupportedError`.
 *
 * A test that awaits uses `autoAdvance` to move the clock. `using reactor = new
 * InMemoryReactor(clock)` stops the reactor at the end of the test.
 *
 * @example
 * ```ts
 * import { ClientFactory, Factory, Protocol } from "@torsion/reactor";
 * import { Clock } from "@torsion/reactor/task";
 * import { InMemoryReactor } from "@torsion/reactor/testing";
 *
 * class Echo extends Protocol {
 *   override dataReceived(data: Uint8Array): void {
 *     this.transport.write(data);
 *   }
 * }
 * class Greeter extends Protocol {
 *   override connectionMade(): void {
 *     this.transport.write("hello");
 *   }
 *   override dataReceived(data: Uint8Array): void {
 *     console.log(new TextDecoder().decode(data));
 *   }
 * }
 *
 * const clock = new Clock();
 * using reactor = new InMemoryReactor(clock);
 * reactor.listenTCP(7, Factory.forProtocol(Echo));
 * reactor.connectTCP("127.0.0.1", 7, ClientFactory.forProtocol(Greeter));
 * reactor.run();
 * clock.advance(0); // hello
 * ```
 */
export class InMemoryReactor extends VirtualReactor implements Disposable {
  /** The network of this reactor. */
  readonly network: MemoryNetwork;
  readonly #signals: MemorySignals;
  readonly #steps: StepClock;

  /**
   * Creates a reactor.
   *
   * @param clock The clock that drives the reactor: a `Clock`, or another reactor.
   * @param options The network, and the parts that a test may replace.
   */
  constructor(clock: IReactorTime, options: InMemoryReactorOptions = {}) {
    const {
      network = new MemoryNetwork(),
      nameResolver = new TableNameResolver({ localhost: ["::1", "127.0.0.1"] }),
      tls = nodeTLS,
      startThread = noThreads,
    } = options;
    checkNameResolver(nameResolver);
    const signals = new MemorySignals();
    let wakeUp = () => {};
    const steps = new StepClock(clock);
    const timer = new ClockTimer(steps, () => wakeUp());
    super({
      sockets: network.sockets((step) => timer.step(step)),
      nameResolver,
      startThread,
      tls,
      signalSource: signals,
      stopSignals: ["SIGINT", "SIGTERM"],
      loopTimer: (wake) => {
        wakeUp = wake;
        return timer;
      },
    });
    this.network = network;
    this.#signals = signals;
    this.#steps = steps;
  }

  /**
   * Delivers a signal to this reactor, as the system does to a process. A running reactor handles
   * `SIGINT` and `SIGTERM` by stopping, unless a handler of the application replaces that.
   *
   * @param signal The name of the signal.
   * @returns Whether the reactor has handled the signal. A process would otherwise do what the
   *   system defines for the signal.
   */
  deliverSignal(signal: Deno.Signal): boolean {
    return this.#signals.deliver(signal);
  }

  /**
   * Stops the reactor if it runs, closes its ports and connections, and cancels its timed calls,
   * all at once and without moving the clock. A trigger of `shutdown` that waits is not waited for.
   */
  [Symbol.dispose](): void {
    try {
      this.stop();
    } catch (error) {
      if (!(error instanceof ReactorNotRunning)) throw error;
    }
    this.#steps.makeDue();
    if (this.running) this.crash();
    this.resources.shutDown();
    for (const call of this.getDelayedCalls()) call.cancel();
    this.#steps.makeDue();
    this.#steps.cancelAll();
  }
}

function noThreads(): never {
  throw new UnsupportedError(
    "Cannot start a thread: this reactor in memory has none; pass the option startThread",
  );
}
