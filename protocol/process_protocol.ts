import type { IProcessProtocol, IProcessTransport } from "../reactor/interfaces/mod.ts";

/**
 * The base class of a protocol for a child process: subclass it, and override the methods for the
 * events that you need. Twisted's `twisted.internet.protocol.ProcessProtocol`.
 *
 * The methods may be `async`. An error that they throw, or reject with, is logged; an error of
 * {@linkcode outReceived} or {@linkcode errReceived} also closes that pipe.
 *
 * @example
 * ```ts no-eval
 * import { ProcessProtocol, reactor } from "@torsion/reactor";
 *
 * class Listing extends ProcessProtocol {
 *   override outReceived(data: Uint8Array) {
 *     Deno.stdout.writeSync(data);
 *   }
 *   override processEnded(reason: Error) {
 *     console.log(reason.message); // Process ls (1234) exited with code 0
 *     reactor.stop();
 *   }
 * }
 *
 * reactor.spawnProcess(new Listing(), "ls", { args: ["-l"] });
 * await reactor.run();
 * ```
 */
export class ProcessProtocol implements IProcessProtocol {
  /**
   * Whether the process has been started. It stays true after the process has exited, as in
   * Twisted.
   */
  connected = false;
  #transport: IProcessTransport | null = null;

  /**
   * The transport: the running process. It is kept after the process has exited, so that its
   * address stays available.
   *
   * @throws {Error} before the process is started.
   */
  get transport(): IProcessTransport {
    if (this.#transport === null) {
      throw new Error(
        `Cannot get the transport of ${this.constructor.name}: its process has not been started`,
      );
    }
    return this.#transport;
  }

  set transport(transport: IProcessTransport) {
    this.#transport = transport;
  }

  /**
   * Sets the transport, and calls {@linkcode connectionMade}. Called by the reactor.
   *
   * @param process The process.
   */
  makeConnection(process: IProcessTransport): void {
    this.connected = true;
    this.#transport = process;
    // An async connectionMade() returns a promise. The promise is returned to the reactor, which
    // logs its rejection.
    return this.connectionMade();
  }

  /**
   * Called when the process has been started. Override it to write to the process's standard input.
   */
  connectionMade(): void {}

  /**
   * Called with bytes that the process wrote. Calls {@linkcode outReceived} or
   * {@linkcode errReceived}.
   *
   * @param childFD The number of the descriptor in the process: 1 for standard output, 2 for
   *   standard error.
   * @param data The bytes. Their memory belongs to the protocol.
   */
  childDataReceived(childFD: number, data: Uint8Array): void {
    if (childFD === 1) return this.outReceived(data);
    if (childFD === 2) return this.errReceived(data);
  }

  /** Called with bytes from the process's standard output. Override it to receive them. */
  outReceived(_data: Uint8Array): void {}

  /** Called with bytes from the process's standard error. Override it to receive them. */
  errReceived(_data: Uint8Array): void {}

  /**
   * Called when a pipe has been closed. Calls {@linkcode inConnectionLost},
   * {@linkcode outConnectionLost} or {@linkcode errConnectionLost}.
   *
   * @param childFD The number of the descriptor in the process.
   * @param reason `ConnectionDone` if the pipe was closed cleanly, and else the error. Twisted
   *   passes no reason.
   */
  childConnectionLost(childFD: number, reason: Error): void {
    if (childFD === 0) return this.inConnectionLost(reason);
    if (childFD === 1) return this.outConnectionLost(reason);
    if (childFD === 2) return this.errConnectionLost(reason);
  }

  /** Called when the process's standard input has been closed, by either side. */
  inConnectionLost(_reason: Error): void {}

  /** Called when the process's standard output has been closed, by either side. */
  outConnectionLost(_reason: Error): void {}

  /** Called when the process's standard error has been closed, by either side. */
  errConnectionLost(_reason: Error): void {}

  /**
   * Called when the process has exited. Output that it wrote before may still arrive.
   *
   * @param _reason `ProcessDone` for the exit code 0, and else `ProcessTerminated`, which has the
   *   exit code or the signal.
   */
  processExited(_reason: Error): void {}

  /**
   * Called when the process has exited and all its output has been received. It is called exactly
   * once for each process, as the last method.
   *
   * @param _reason `ProcessDone` for the exit code 0, and else `ProcessTerminated`, which has the
   *   exit code or the signal.
   */
  processEnded(_reason: Error): void {}

  /** Returns the name under which the process's events are logged: the name of the class. */
  logPrefix(): string {
    return this.constructor.name;
  }
}
