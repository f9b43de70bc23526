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
import type {
  IListeningPort,
  IPipeAddress,
  IProtocolFactory,
  IReactorStdio,
  StandardIOOptions,
} from "../reactor/interfaces/mod.ts";
import {
  EndpointDescriptionError,
  serverFromString,
  StandardIO,
  StandardIOEndpoint,
} from "./mod.ts";

/** A reactor that records its calls. */
class NotedReactor implements IReactorStdio {
  readonly calls: [IProtocolFactory, StandardIOOptions | undefined][] = [];
  // No test here calls the port.
  readonly port = {} as IListeningPort<IPipeAddress>;

  listenStandardIO(
    factory: IProtocolFactory,
    options?: StandardIOOptions,
  ): IListeningPort<IPipeAddress> {
    this.calls.push([factory, options]);
    return this.port;
  }
}

Deno.test("StandardIOEndpoint.listen() passes its options on, and fires with the port", async () => {
  const reactor = new NotedReactor();
  const factory = Factory.forProtocol(Protocol);
  const options = { writeBufferLimit: 10 };
  assertStrictEquals(await new StandardIOEndpoint(reactor, options).listen(factory), reactor.port);
  await new StandardIOEndpoint(reactor).listen(factory);
  assertEquals(reactor.calls, [[factory, options], [factory, {}]]);
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
  const reactor = new NotedReactor();
  const protocol = new Protocol();
  assertStrictEquals(StandardIO(protocol, { reactor, idleTimeout: 10 }), reactor.port);
  const [[factory, options] = []] = reactor.calls;
  assertStrictEquals(factory?.buildProtocol(new PipeAddress()), protocol);
  assertEquals(options, { idleTimeout: 10 });
});

Deno.test('serverFromString("stdio:") is a StandardIOEndpoint, and takes no arguments', () => {
  const reactor = new DenoReactor();
  for (const description of ["stdio:", "stdio", "STDIO:"]) {
    assertInstanceOf(serverFromString(reactor, description), StandardIOEndpoint);
  }
  assertThrows(() => serverFromString(reactor, "stdio:1"), EndpointDescriptionError);
  assertThrows(() => serverFromString(reactor, "stdio:a=b"), EndpointDescriptionError);
});
