import type { IProcessProtocol, IProcessTransport } from "../reactor/interfaces/mod.ts";

/**
 * What happens to a child process: subclass it, and override what you want to know. Twisted's `twisted.internet.protocol.ProcessProtocol`.
 *
 * The methods may be `async`. What they throw, or reject with, is logged; out of {@linkcode outReceived} and {@linkcode errReceived} it closes
 * that pipe as well.
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
  /** Whether the process has been started. Stays true afterwards, as in Twisted. */
  connected = false;
  #transport: IProcessTransport | null = null;

  /**
   * The process.
   *
   * @throws {Error} before it is started. Afterwards it stays, to be asked for its address.
   */
  get transport(): IProcessTransport {
    if (this.#transport === null) {
      throw new Error(
        `${this.constructor.name} has no transport: its process has not been started`,
      );
    }
    return this.#transport;
  }

  set transport(transport: IProcessTransport) {
    this.#transport = transport;
  }

  /** Takes the process, and calls {@linkcode connectionMade}. Called by the reactor. */
  makeConnection(process: IProcessTransport): void {
    this.connected = true;
    this.#transport = process;
    // Returned for the case that it is async: the reactor sees a promise that is rejected.
    return this.connectionMade();
  }

  /** The process has been started. Override it to write to its input. */
  connectionMade(): void {}

  /**
   * The process wrote something. Calls {@linkcode outReceived} or {@linkcode errReceived}.
   *
   * @param childFD The process's number for the pipe: 1 for its output, 2 for its errors.
   * @param data The bytes: yours to keep.
   */
  childDataReceived(childFD: number, data: Uint8Array): void {
    if (childFD === 1) return this.outReceived(data);
    if (childFD === 2) return this.errReceived(data);
  }

  /** The process wrote to its standard output. Override it to receive. */
  outReceived(_data: Uint8Array): void {}

  /** The process wrote to its standard error. Override it to receive. */
  errReceived(_data: Uint8Array): void {}

  /**
   * A pipe has been closed. Calls {@linkcode inConnectionLost}, {@linkcode outConnectionLost} or {@linkcode errConnectionLost}.
   *
   * @param childFD The process's number for the pipe.
   * @param reason `ConnectionDone` for an end in order, else what went wrong. Twisted does not tell.
   */
  childConnectionLost(childFD: number, reason: Error): void {
    if (childFD === 0) return this.inConnectionLost(reason);
    if (childFD === 1) return this.outConnectionLost(reason);
    if (childFD === 2) return this.errConnectionLost(reason);
  }

  /** The process's standard input has been closed, by either side. */
  inConnectionLost(_reason: Error): void {}

  /** The process's standard output has been closed, by either side. */
  outConnectionLost(_reason: Error): void {}

  /** The process's standard error has been closed, by either side. */
  errConnectionLost(_reason: Error): void {}

  /**
   * The process has exited. More of what it wrote may come.
   *
   * @param _reason `ProcessDone` for exit code 0, else `ProcessTerminated`, which has the exit code or the signal.
   */
  processExited(_reason: Error): void {}

  /**
   * The process has exited, and all that it wrote has been received. Called exactly once for each process, and last.
   *
   * @param _reason `ProcessDone` for exit code 0, else `ProcessTerminated`, which has the exit code or the signal.
   */
  processEnded(_reason: Error): void {}

  /** The name under which the process's events are logged: the class's. */
  logPrefix(): string {
    return this.constructor.name;
  }
}
