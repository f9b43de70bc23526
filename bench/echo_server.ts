/**
 * The shortest echo server on this library. With `hello`, it sends a greeting and closes instead.
 *
 * Usage: `deno run --allow-net bench/echo_server.ts PORT [hello]`
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

const [number, hello] = Deno.args;
const factory = hello === undefined ? Factory.forProtocol(Echo) : Factory.forProtocol(Hello);
const endpoint = new TCP4ServerEndpoint(reactor, Number(number), { interface: "127.0.0.1" });
endpoint.listen(factory).addCallback((port) => console.log(`listening on ${port.getHost()}`));
await reactor.run();
