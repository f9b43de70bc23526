// Twisted's `internet/test/test_endpoints.py`, `StandardIOEndpointsTests` and
// `StandardIOEndpointPluginTests`. `test_interface` is checked by the compiler, and
// `test_pluginDiscovery` does not apply. Real standard input and output, and their address, are
// tested in `reactor/drivers/deno/stdio_test.ts`.

import {
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { Factory, Protocol } from "../protocol/mod.ts";
import { PipeAddress } from "../reactor/addresses.ts";
import { DenoReactor } from "../reactor/drivers/deno/reactor.ts";
import { MemoryReactor } from "../testing/mod.ts";
import {
  EndpointDescriptionError,
  serverFromString,
  StandardIO,
  StandardIOEndpoint,
} from "./mod.ts";

Deno.test("StandardIOEndpoint.listen() passes its options on, and fires with the port", async () => {
  const reactor = new MemoryReactor();
  const factory = Factory.forProtocol(Protocol);
  const options = { writeBufferLimit: 10 };
  const port = await new StandardIOEndpoint(reactor, options).listen(factory);
  assertStrictEquals(port, reactor.stdioPorts[0]);
  await new StandardIOEndpoint(reactor).listen(factory);
  const calls = reactor.stdioPorts.map((each) => [each.factory, each.options]);
  assertEquals(calls, [[factory, options], [factory, {}]]);
});

Deno.test("StandardIOEndpoint.listen() fails with the error that the reactor throws", async () => {
  const endpoint = new StandardIOEndpoint(new DenoReactor(), { writeBufferLimit: -1 });
  await assertRejects(
    () => endpoint.listen(Factory.forProtocol(Protocol)),
    RangeError,
    "writeBufferLimit",
  );
});

Deno.test("StandardIO() connects the given protocol to standard input and output", () => {
  const reactor = new MemoryReactor();
  const protocol = new Protocol();
  const port: unknown = StandardIO(protocol, { reactor, idleTimeout: 10 });
  const [recorded] = reactor.stdioPorts;
  assertStrictEquals(port, recorded);
  assertStrictEquals(recorded?.factory.buildProtocol(new PipeAddress()), protocol);
  assertEquals(recorded?.options, { idleTimeout: 10 });
});

Deno.test('serverFromString("stdio:") is a StandardIOEndpoint, and takes no arguments', () => {
  const reactor = new DenoReactor();
  for (const description of ["stdio:", "stdio", "STDIO:"]) {
    assertInstanceOf(serverFromString(reactor, description), StandardIOEndpoint);
  }
  assertThrows(() => serverFromString(reactor, "stdio:1"), EndpointDescriptionError);
  assertThrows(() => serverFromString(reactor, "stdio:a=b"), EndpointDescriptionError);
});
