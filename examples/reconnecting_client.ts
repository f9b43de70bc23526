/**
 * A client that reconnects: when the server closes the connection, it connects again, and waits
 * longer after each failed attempt.
 *
 *     deno run --allow-net examples/reconnecting_client.ts
 *
 * Each second the client sends the time to the echo server on port 2000, and logs the answer.
 * Without a server, it logs why it cannot connect and when it will retry. Start a server
 * (`deno run --allow-net examples/echo.ts`, or `socat TCP-LISTEN:2000,fork,reuseaddr EXEC:cat`),
 * stop it, start it again: the client reconnects. Press Ctrl-C: the client closes the connection
 * and ends with exit code 0. Arguments: another port, and the seconds before the first retry (1).
 */

import {
  backoffPolicy,
  CancelledError,
  ClientService,
  Factory,
  log,
  MultiService,
  Protocol,
  reactor,
  startApplication,
  TCP4ClientEndpoint,
  TimerService,
} from "@torsion/reactor";

/** Logs the server's answers. */
class EchoClient extends Protocol {
  readonly #decoder = new TextDecoder();

  override connectionMade(): void {
    log.msg(`Connected to ${this.transport.getPeer()}`);
  }

  override dataReceived(data: Uint8Array): void {
    log.msg(`The server says ${this.#decoder.decode(data, { stream: true }).trimEnd()}`);
  }

  override connectionLost(reason: Error): void {
    log.msg(`Disconnected: ${reason.message}`);
  }
}

if (import.meta.main) {
  log.startLogging(Deno.stdout);
  const application = new MultiService();

  const endpoint = new TCP4ClientEndpoint(reactor, "127.0.0.1", Number(Deno.args[0] ?? 2000));
  const client = new ClientService(endpoint, Factory.forProtocol(EchoClient), {
    clock: reactor,
    retryPolicy: backoffPolicy({ initialDelay: Number(Deno.args[1] ?? 1) }),
  });
  client.setServiceParent(application);

  // Without a connection, the call waits for the next connection, and the timer waits for the call.
  const ticker = new TimerService(1, () =>
    client.whenConnected()
      .addCallback(({ transport }) => transport.write(`${new Date().toLocaleTimeString()}\n`))
      .addErrback((error) => {
        // The wait was cancelled, because the service has been stopped.
        if (!(error instanceof CancelledError)) throw error;
      }));
  ticker.clock = reactor;
  ticker.setServiceParent(application);

  startApplication(reactor, application);
  await reactor.run();
}
