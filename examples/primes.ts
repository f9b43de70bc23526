/**
 * A server that computes in threads: it counts the primes below a number, and stops counting when
 * the client leaves.
 *
 *     deno run --allow-net --allow-read examples/primes.ts
 *
 * Try it: `echo 1000000 | nc 127.0.0.1 2000` prints `78498`. With `1e15` instead of that number,
 * press Ctrl-C in `nc`: the server logs that the count is cancelled, and its thread is free for the
 * next client. Arguments: another port (0 lets the system choose), and the number of threads.
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

// The threads import this file, so the server below starts only in the main program.
const tasks = workerModule<{ countPrimes: typeof countPrimes }>(import.meta.url);

/** Counts the primes below a number. This runs in a thread. */
export function countPrimes(below: number): number {
  const task = currentTask();
  let primes = 0;
  for (let n = 2; n < below; n++) {
    // A loop cannot be interrupted from outside. Without this line, the count would continue after
    // the client has left, and keep the thread.
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
    // The connection is not paused meanwhile: a paused connection does not notice that the client
    // leaves.
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

  // If the answer has been sent, `cancel()` has no effect.
  override connectionLost(): void {
    this.#count?.cancel();
  }
}

if (import.meta.main) {
  log.startLogging(Deno.stdout);
  // At most 100 clients wait for a thread.
  reactor.getThreadPool().adjustPoolsize({ max: Number(Deno.args[1] ?? 2), maxBacklog: 100 });
  const endpoint = new TCP4ServerEndpoint(reactor, Number(Deno.args[0] ?? 2000));
  endpoint.listen(ServerFactory.forProtocol(Counter)).addErrback((error) => {
    console.error(error.message);
    Deno.exit(1);
  });
  await reactor.run();
}
