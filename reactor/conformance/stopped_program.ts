/**
 * A server that a test stops and continues. Argument: the timeout that passes while it is stopped, `handshake` or `idle`. Prints the
 * certificate of its authority (`ca <JSON>`), `port <n>`, `connected` for each connection, each line that it receives, and the class of the
 * reason when a connection is lost.
 *
 * @module
 */

import { startLogging } from "../../log/mod.ts";
import { Factory, LineReceiver } from "../../protocol/mod.ts";
import { DenoReactor } from "../deno/reactor.ts";
import { testCertificates } from "./certificates.ts";
import { portOf } from "./tcp_bed.ts";

const TIMEOUT = 1;

class Reporting extends LineReceiver {
  override connectionMade(): void {
    console.log("connected");
  }

  override lineReceived(line: Uint8Array): void {
    console.log(`line ${new TextDecoder().decode(line)}`);
    this.transport.write("received\r\n");
  }

  override connectionLost(reason: Error): void {
    console.log(`lost ${reason.name}`);
  }
}

startLogging(Deno.stdout);
const [what] = Deno.args;
const reactor = new DenoReactor();
const factory = Factory.forProtocol(Reporting);
const { authority, server } = await testCertificates();
const port = what === "handshake"
  ? reactor.listenTLS(0, factory, {
    interface: "127.0.0.1",
    handshakeTimeout: TIMEOUT,
    ...server,
  })
  : reactor.listenTCP(0, factory, { interface: "127.0.0.1", idleTimeout: TIMEOUT });
const running = reactor.run();
console.log(`ca ${JSON.stringify(authority.cert)}`);
console.log(`port ${portOf(port.getHost())}`);
await running;
