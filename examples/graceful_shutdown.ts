/**
 * A server with a graceful shutdown: SIGTERM (or Ctrl-C) makes it stop accepting, and lets clients
 * finish their requests. After 30 seconds, or at a second SIGTERM, it closes all connections.
 *
 *     deno run --allow-net examples/graceful_shutdown.ts
 *
 * Try it: `nc 127.0.0.1 2000` repeats each line half a second after you type it. Type a line, and
 * press Ctrl-C in the server within that time: `nc` still prints the line. Then the server sends
 * `Goodbye` and exits with code 0. Arguments: another port (0 lets the system choose), the seconds
 * that a line takes, and the seconds that clients have at the shutdown.
 */

import {
  Factory,
  type IDelayedCall,
  log,
  Protocol,
  reactor,
  TCP4ServerEndpoint,
} from "@torsion/reactor";
import type { IDrainableProtocol } from "@torsion/reactor/reactor";

const [port = "2000", workSeconds = "0.5", drainSeconds = "30"] = Deno.args;

/** Sends each chunk back after a delay, one chunk at a time. */
class SlowEcho extends Protocol implements IDrainableProtocol {
  readonly #waiting: Uint8Array[] = [];
  #work: IDelayedCall | null = null;
  #leaving = false;

  override dataReceived(data: Uint8Array): void {
    this.#waiting.push(data);
    log.msg(`${data.length} bytes from ${this.transport.getPeer()}`);
    this.#next();
  }

  /** The server is shutting down: requests that have arrived are still answered. */
  drainRequested(): void {
    this.#leaving = true;
    this.#next();
  }

  override connectionLost(reason: Error): void {
    if (this.#work?.active()) this.#work.cancel();
    log.msg(reason.message);
  }

  #next(): void {
    if (this.#work !== null) return;
    const data = this.#waiting.shift();
    if (data !== undefined) {
      this.#work = reactor.callLater(Number(workSeconds), () => {
        this.#work = null;
        this.transport.write(data);
        this.#next();
      });
    } else if (this.#leaving) {
      this.transport.write("Goodbye\n");
      this.transport.loseConnection();
    }
  }
}

if (import.meta.main) {
  log.startLogging(Deno.stdout);
  const endpoint = new TCP4ServerEndpoint(reactor, Number(port));
  endpoint.listen(Factory.forProtocol(SlowEcho)).addCallbacks((listening) => {
    // The shutdown waits for the promise that a `before` trigger returns. A second signal ends the
    // wait.
    reactor.addSystemEventTrigger("before", "shutdown", async () => {
      const aborted = await listening.drain(Number(drainSeconds));
      log.msg(`Drained, ${aborted} aborted`);
    });
  }, (error) => {
    console.error(error.message);
    Deno.exit(1);
  });
  await reactor.run();
}
