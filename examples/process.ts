/**
 * A child process: runs a command, prints each line of its output, and exits with its exit code.
 *
 *     deno run --allow-run examples/process.ts
 *
 * It prints the lines of `ls -l`, each after `out:`, and `Process ls (...) exited with code 0`.
 * Another command can be given as arguments, as in
 * `examples/process.ts sh -c "echo oops >&2; exit 3"`. Ctrl-C or SIGTERM ends the command, and then
 * the program.
 */

import {
  Deferred,
  type ProcessDone,
  ProcessProtocol,
  type ProcessTerminated,
  reactor,
} from "@torsion/reactor";
import { ProcessExitedAlready } from "@torsion/reactor/reactor";

/** Divides output into lines. A chunk may end within a line, and within a character. */
class Lines {
  readonly #decoder = new TextDecoder();
  readonly #name: string;
  #partial = "";

  constructor(name: string) {
    this.#name = name;
  }

  add(data: Uint8Array): void {
    const lines = (this.#partial + this.#decoder.decode(data, { stream: true })).split("\n");
    this.#partial = lines.pop() ?? "";
    for (const line of lines) console.log(`${this.#name}: ${line}`);
  }

  end(): void {
    if (this.#partial !== "") console.log(`${this.#name}: ${this.#partial}`);
  }
}

class Command extends ProcessProtocol {
  readonly ended = new Deferred<number>();
  readonly #out = new Lines("out");
  readonly #err = new Lines("err");

  override connectionMade(): void {
    this.transport.closeStdin();
  }

  override outReceived(data: Uint8Array): void {
    this.#out.add(data);
  }

  override errReceived(data: Uint8Array): void {
    this.#err.add(data);
  }

  // All output has arrived by now.
  override processEnded(reason: ProcessDone | ProcessTerminated): void {
    this.#out.end();
    this.#err.end();
    console.log(reason.message);
    this.ended.callback(reason.status);
  }

  /**
   * Ends the command. The reactor waits for the returned Deferred, so that the child does not
   * outlive it.
   */
  end(): Deferred<number> {
    try {
      this.transport.signalProcess("TERM");
    } catch (error) {
      // The child has exited already.
      if (!(error instanceof ProcessExitedAlready)) throw error;
    }
    return this.ended;
  }
}

if (import.meta.main) {
  const [executable = "ls", ...args] = Deno.args.length > 0 ? Deno.args : ["ls", "-l"];
  const command = new Command();
  try {
    // By default, a child has an empty environment; null passes on the environment of this program.
    reactor.spawnProcess(command, executable, { args, env: null });
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    Deno.exit(1);
  }
  let isStopping = false;
  reactor.addSystemEventTrigger("before", "shutdown", () => {
    isStopping = true;
    return command.end();
  });
  command.ended.addCallback((status) => {
    Deno.exitCode = status;
    if (!isStopping) reactor.stop();
    return status;
  });
  await reactor.run();
}
