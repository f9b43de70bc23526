/**
 * A server that computes in threads: it counts the primes below a number, and stops counting when
 * the client leaves.
 *
 *     deno run --allow-net --allow-read examples/primes.ts
 *
 * See: `echo 1000000 | nc 127.0.0.1 2000` prints `78498`. With `1e15` in place of the number, press
 * Ctrl-C in `nc`: the server logs that the count is cancelled, and its thread is free for the next
 * client. Another port can be given as an argument, 0 lets the system choose, and after it the
 * number of threads.
 */

import {
  CancelledError,
  type Deferred,
  deferToThread,
  LineReceiver,
  log,
  reactor,
  ServerFactory,
  TCP4ServerEndpoint,
  workerModule,
} from "@torsion/reactor";
import { currentTask, ThreadPoolFull } from "@torsion/reactor/reactor";

// The threads import this file, which is why the server below starts in the main program only.
const tasks = workerModule<{ countPrimes: typeof countPrimes }>(import.meta.url);

/** Counts the primes below a number. This runs in a thread. */
export function countPrimes(below: number): number {
  const task = currentTask();
  let primes = 0;
  for (let n = 2; n < below; n++) {
    // Nothing can interrupt a loop from outside. Without this, a client that has left would keep
    // the thread for as long as it counts.
    task.throwIfCancelled();
    if (isPrime(n)) primes++;
  }
  return primes;
}

function isPrime(n: number): boolean {
  for (let divisor = 2; divisor * divisor <= n; divisor++) {
    if (n % divisor === 0) return false;
  }
  return true;
}

class Counter extends LineReceiver {
  override delimiter = "\n";
  #count: Deferred<number> | null = null;

  override textReceived(line: string): void {
    // The connection is not paused meanwhile: it would not notice that the client leaves.
    if (this.#count !== null) return this.sendLine("One question at a time, please");
    const client = this.transport.getPeer();
    log.msg(`${client} asks`);
    const count = deferToThread(reactor, tasks.task("countPrimes"), Number(line));
    this.#count = count;
    count
      .addCallback((primes) => this.sendLine(String(primes)))
      .addErrback((error) => {
        if (error instanceof CancelledError) log.msg(`${client} left: its count is cancelled`);
        else if (error instanceof ThreadPoolFull) this.sendLine("Too busy");
        else throw error;
      })
      .addCallback(() => {
        this.#count = null;
      });
  }

  // Once the answer is there, this does nothing.
  override connectionLost(): void {
    this.#count?.cancel();
  }
}

if (import.meta.main) {
  log.startLogging(Deno.stdout);
  // Of the clients that wait for a thread, the 101st is refused.
  reactor.getThreadPool().adjustPoolsize({ max: Number(Deno.args[1] ?? 2), maxBacklog: 100 });
  const endpoint = new TCP4ServerEndpoint(reactor, Number(Deno.args[0] ?? 2000));
  endpoint.listen(ServerFactory.forProtocol(Counter)).addErrback((error) => {
    console.error(error.message);
    Deno.exit(1);
  });
  await reactor.run();
}
