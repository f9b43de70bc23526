/**
 * An echo server for `pair.py`-like loads: the shortest program on this library. usage: deno run -A bench/echo_server.ts PORT [hello]
 *
 * @module
 */

import { Factory, Protocol, reactor, TCP4ServerEndpoint } from "../mod.ts";

class Echo extends Protocol {
  override connectionMade(): void {
    this.transport.setTcpNoDelay(true);
  }

  override dataReceived(data: Uint8Array): void {
    this.transport.write(data);
  }
}

class Hello extends Protocol {
  override connectionMade(): void {
    this.transport.write("Hello Twisted");
    this.transport.loseConnection();
  }
}

const [port, hello] = Deno.args;
const factory = hello === undefined ? Factory.forProtocol(Echo) : Factory.forProtocol(Hello);
new TCP4ServerEndpoint(reactor, Number(port), { interface: "127.0.0.1" }).listen(factory);
await reactor.run();
