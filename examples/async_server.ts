/**
 * The step after the first server: the answer takes its time. The server does not wait for it, and gives it up when its
 * client leaves.
 *
 *     deno run --allow-net examples/async_server.ts
 *
 * See: `nc 127.0.0.1 2000` prints `Hello Deferred` after 4 seconds; several of them at once take no longer. Press Ctrl-C
 * in one before that: the server logs that it has cancelled the answer. Another port can be given as an argument, 0 lets
 * the system choose, and after it another number of seconds.
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

/** Stands for whatever takes time: a question to a database, or to another server. */
function findAnswer(): Deferred<string> {
  // What is given to a Deferred when it is made ends the work, if it is cancelled.
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

  // Once the answer is there, this does nothing.
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
