/**
 * A server whose answers take time. It serves other clients meanwhile, and cancels the answer to a
 * client that leaves.
 *
 *     deno run --allow-net examples/async_server.ts
 *
 * Try it: `nc 127.0.0.1 2000` prints `Hello Deferred` after 4 seconds. Several clients at the same
 * time take no longer. Press Ctrl-C in a client within that time: the server logs that it has
 * cancelled the answer. Arguments: another port (0 lets the system choose), and the seconds that an
 * answer takes.
 */

import {
  CancelledError,
  Deferred,
  log,
  Protocol,
  reactor,
  ServerFactory,
  TCP4ServerEndpoint,
} from "@torsion/reactor";

const seconds = Number(Deno.args[1] ?? 4);

/** Returns a late answer. It stands for a query to a database, or to another server. */
function findAnswer(): Deferred<string> {
  // The canceller of the Deferred. It stops the pending work.
  const answer = new Deferred<string>(() => work.cancel());
  const work = reactor.callLater(seconds, () => answer.callback("Hello Deferred\n"));
  return answer;
}

class AsyncServer extends Protocol {
  #answer: Deferred<void> | null = null;

  override connectionMade(): void {
    const client = this.transport.getPeer();
    log.msg(`${client} asks`);
    this.#answer = findAnswer()
      .addCallback((answer) => {
        this.transport.write(answer);
        this.transport.loseConnection();
        log.msg(`${client} is answered`);
      })
      .addErrback((error) => {
        if (!(error instanceof CancelledError)) throw error;
        log.msg(`${client} left early: its answer is cancelled`);
      });
  }

  // If the answer has been sent, `cancel()` has no effect.
  override connectionLost(): void {
    this.#answer?.cancel();
  }
}

if (import.meta.main) {
  log.startLogging(Deno.stdout);
  const endpoint = new TCP4ServerEndpoint(reactor, Number(Deno.args[0] ?? 2000));
  endpoint.listen(ServerFactory.forProtocol(AsyncServer)).addErrback((error) => {
    console.error(error.message);
    Deno.exit(1);
  });
  await reactor.run();
}
