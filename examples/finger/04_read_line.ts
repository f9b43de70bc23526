/**
 * Finger, step 4: a protocol that reads one line, and then closes the connection.
 *
 *     deno run --allow-net examples/finger/04_read_line.ts
 *
 * Try it: `nc 127.0.0.1 1079` ends when you have typed a line. Ctrl-C stops the server. Another
 * port can be given as an argument; 0 lets the system choose.
 */

import { Factory, LineReceiver, log, reactor, TCP4ServerEndpoint } from "@torsion/reactor";

class Finger extends LineReceiver {
  // Programs end a line with CR LF, and people who type into nc with LF alone.
  override delimiter = "\n";

  override textReceived(line: string): void {
    log.msg(`Asked for ${line.trim()}`);
    this.transport.loseConnection();
  }
}

const [port = "1079"] = Deno.args;

log.startLogging(Deno.stdout);
const endpoint = new TCP4ServerEndpoint(reactor, Number(port), { interface: "127.0.0.1" });
await endpoint.listen(Factory.forProtocol(Finger));
await reactor.run();
