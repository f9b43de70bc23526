/**
 * Standard input and output as a connection: a small telnet. What is typed goes to a server, what the server sends is shown.
 *
 *     deno run --allow-net examples/stdio_client.ts
 *
 * See: with `hello_server.ts` running, it prints `Hello Twisted` and ends. With `graceful_shutdown.ts`, each line typed comes
 * back; Ctrl-D ends what is sent. It works in pipes as well. As `nc` does, it passes on every byte that the server sends, those that steer a
 * terminal too: use it with servers that you trust. Arguments: host and port (127.0.0.1 and 2000).
 */

import { ProxyFactory, reactor, StandardIOEndpoint } from "@torsion/reactor";
import { ProxyServer } from "@torsion/reactor/protocol";

const [host = "127.0.0.1", port = "2000"] = Deno.args;

/** The terminal is forwarded as any connection would be: see `portforward.ts`. */
class Terminal extends ProxyServer {
  // The server sends no more, and all that it sent has been shown: whatever is still typed is for nobody.
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
