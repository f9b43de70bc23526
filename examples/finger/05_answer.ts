/**
 * Finger, step 5: a server that answers every query, because it knows no user.
 *
 *     deno run --allow-net examples/finger/05_answer.ts
 *
 * Try it: `echo ada | nc 127.0.0.1 1079` prints `No such user`. Ctrl-C stops the server. Another
 * port can be given as an argument; 0 lets the system choose.
 */

import { Factory, LineReceiver, log, reactor, TCP4ServerEndpoint } from "@torsion/reactor";

class Finger extends LineReceiver {
  override delimiter = "\n";

  override textReceived(): void {
    this.transport.write("No such user\r\n");
    this.transport.loseConnection();
  }
}

const [port = "1079"] = Deno.args;

log.startLogging(Deno.stdout);
const endpoint = new TCP4ServerEndpoint(reactor, Number(port), { interface: "127.0.0.1" });
await endpoint.listen(Factory.forProtocol(Finger));
await reactor.run();
