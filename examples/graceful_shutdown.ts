/**
 * A server that leaves as operators expect it: SIGTERM (or Ctrl-C) stops it from accepting, clients may finish what they have begun, and
 * after 30 seconds, or at a second SIGTERM, it goes whatever they do.
 *
 *     deno run --allow-net examples/graceful_shutdown.ts
 *
 * See: `nc 127.0.0.1 2000` sends back each line that you type, half a second later. Press Ctrl-C in the server while a line is under way:
 * the line still comes back, then the server says goodbye to you and ends with exit code 0. Another port can be given as an argument, 0
 * lets the system choose; after it the seconds that a line takes, and the seconds that clients are given.
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

/** Answers each chunk after a while, one at a time. */
class SlowEcho extends Protocol implements IDrainableProtocol {
  readonly #waiting: Uint8Array[] = [];
  #work: IDelayedCall | null = null;
  #leaving = false;

  override dataReceived(data: Uint8Array): void {
    this.#waiting.push(data);
    log.msg(`${data.length} bytes from ${this.transport.getPeer()}`);
    this.#next();
  }

  /** The server is about to leave: what has been asked is still answered. */
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
    // The shutdown waits for what a `before` trigger returns; a second signal makes it wait no longer.
    reactor.addSystemEventTrigger("before", "shutdown", async () => {
      const aborted = await listening.drain(Number(drainSeconds));
      log.msg(`DrainTarget, ${aborted} aborted`);
    });
  }, (error) => {
    console.error(error.message);
    Deno.exit(1);
  });
  await reactor.run();
}
