/**
 * A client that keeps its connection: whenever the server goes away, it connects again, and waits longer each time that fails.
 *
 *     deno run --allow-net examples/reconnecting_client.ts
 *
 * See: each second it sends the time to the echo server on port 2000, and logs what comes back. Without a server, it logs why it cannot
 * connect, and when it tries again. Start one (`deno run --allow-net examples/echo.ts`, or `socat TCP-LISTEN:2000,fork,reuseaddr EXEC:cat`),
 * stop it, start it again: the client follows. Press Ctrl-C: it closes the connection and ends with exit code 0. Another port can be given
 * as an argument.
 */

import {
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

/** Says what the server sends back. */
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
  const client = new ClientService(endpoint, Factory.forProtocol(EchoClient), { clock: reactor });
  client.setServiceParent(application);

  // Without a connection it waits for the next one, and is not called again meanwhile.
  const ticker = new TimerService(1, () =>
    client.whenConnected()
      .addCallback(({ transport }) => transport.write(`${new Date().toLocaleTimeString()}\n`))
      .addErrback((error) => {
        // The service has been stopped: there is nothing left to send.
        if (!(error instanceof CancelledError)) throw error;
      }));
  ticker.clock = reactor;
  ticker.setServiceParent(application);

  startApplication(reactor, application);
  await reactor.run();
}
