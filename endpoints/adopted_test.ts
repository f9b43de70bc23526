/**
 * Twisted's `internet/test/test_endpoints.py`, `AdoptedStreamServerEndpointTests`.
 * `test_descriptionNonBlocking` and `test_descriptorClosed` test what the reactor does here: see
 * `reactor/drivers/node/adopted_socket_test.ts`.
 */

import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { Factory, Protocol } from "../protocol/mod.ts";
import { ForeignSocket } from "../testing/peers/foreign_socket.ts";
import { Program } from "../testing/fixtures/program.ts";
import { RawPeer } from "../testing/peers/raw_peer.ts";
import { AlreadyListened } from "../reactor/errors.ts";
import { MemoryReactor, RaisingMemoryReactor } from "../testing/mod.ts";
import { AdoptedStreamServerEndpoint } from "./mod.ts";

const factory = Factory.forProtocol(Protocol);

Deno.test("AdoptedStreamServerEndpoint passes its arguments to the reactor", async () => {
  const reactor = new MemoryReactor();
  const port = await new AdoptedStreamServerEndpoint(reactor, 3, "INET").listen(factory);
  assertStrictEquals(port, reactor.adoptedPorts[0]);
  const options = { backlog: 7, keepAlive: 60 };
  await new AdoptedStreamServerEndpoint(reactor, 4, "UNIX", options).listen(factory);
  const calls = reactor.adoptedPorts.map((each) => [
    each.fileDescriptor,
    each.addressFamily,
    each.factory,
    each.options,
  ]);
  assertEquals(calls, [[3, "INET", factory, {}], [4, "UNIX", factory, options]]);
});

Deno.test("AdoptedStreamServerEndpoint.listen() fails if it is called a second time", async () => {
  const reactor = new MemoryReactor();
  const endpoint = new AdoptedStreamServerEndpoint(reactor, 3, "INET");
  await endpoint.listen(factory);
  await assertRejects(
    async () => await endpoint.listen(factory),
    AlreadyListened,
    "Cannot listen on file descriptor 3 again",
  );
  assertEquals(reactor.adoptedPorts.length, 1);
});

Deno.test("AdoptedStreamServerEndpoint.listen() fails with the error that the reactor throws", async () => {
  const reactor = new RaisingMemoryReactor({ listenException: new RangeError("boom") });
  const endpoint = new AdoptedStreamServerEndpoint(reactor, 3, "INET");
  await assertRejects(async () => await endpoint.listen(factory), RangeError, "boom");
});

const SERVER = `
  import { reactor } from "${new URL("../reactor/mod.ts", import.meta.url)}";
  import { AdoptedStreamServerEndpoint, ListenFDs } from "${new URL("./mod.ts", import.meta.url)}";
  import { Factory, Protocol } from "${new URL("../protocol/mod.ts", import.meta.url)}";

  class Greeter extends Protocol {
    connectionMade() {
      this.transport.write("hello");
      this.transport.loseConnection();
    }
    connectionLost() {
      reactor.stop();
    }
  }
  const inherited = ListenFDs.fromEnvironment((name) => Deno.env.get(name), Deno.pid);
  const web = inherited.inheritedNamedDescriptors().get("web");
  const port = await new AdoptedStreamServerEndpoint(reactor, web, "INET")
    .listen(Factory.forProtocol(Greeter));
  console.log(web + " is " + port.getHost());
  await reactor.run();
`;

Deno.test("AdoptedStreamServerEndpoint serves an inherited socket with only --allow-env", async () => {
  using socket = ForeignSocket.listenIPv4();
  using inherited = socket.inheritable();
  await using program = new Program([
    "-c",
    // Does what systemd does before it starts a program.
    `exec 3<&${inherited.descriptor} && LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=web exec "$@"`,
    "bash",
    Deno.execPath(),
    ...["run", "--quiet", "--no-prompt", "--allow-env=LISTEN_PID,LISTEN_FDS,LISTEN_FDNAMES"],
    `data:text/javascript,${encodeURIComponent(SERVER)}`,
  ], { command: "bash" });
  await program.line(`3 is 127.0.0.1:${socket.port}`);
  using conn = await Deno.connect({ hostname: "127.0.0.1", port: socket.port });
  const all = await new RawPeer(conn).readAll();
  assertEquals(new TextDecoder().decode(all), "hello");
  assertEquals((await program.end()).code, 0);
});
