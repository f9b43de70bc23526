/**
 * Standard input and output as a connection: a small telnet. Typed text goes to a server, and the
 * server's output is printed.
 *
 *     deno run --allow-net examples/stdio_client.ts
 *
 * Try it: with `hello_server.ts` running, the program prints `Hello Twisted` and exits. With
 * `graceful_shutdown.ts`, the server repeats each typed line; Ctrl-D ends the input. The program
 * also works in pipes. As `nc` does, it prints every byte that the server sends, including bytes
 * that control a terminal: use it only with servers that you trust. Arguments: host and port
 * (127.0.0.1 and 2000).
 */

import { ProxyFactory, reactor, StandardIOEndpoint } from "@torsion/reactor";
import { ProxyServer } from "@torsion/reactor/protocol";

const [host = "127.0.0.1", port = "2000"] = Deno.args;

/** The terminal is forwarded like any connection: see `portforward.ts`. */
class Terminal extends ProxyServer {
  // The server has closed, and its output has been printed: further input has no receiver.
  override writeConnectionLost(): void {
    this.transport.loseConnection();
  }

  override peerUnreachable(reason: Error): void {
    console.error(reason.message);
    Deno.exitCode = 1;
    this.transport.loseConnection();
  }

  override connectionLost(reason: Error): void {
    super.connectionLost(reason);
    if (reactor.running) reactor.stop();
  }
}

class TerminalFactory extends ProxyFactory {
  override protocol = Terminal;
}

if (import.meta.main) {
  await new StandardIOEndpoint(reactor).listen(new TerminalFactory(reactor, host, Number(port)));
  await reactor.run();
}
