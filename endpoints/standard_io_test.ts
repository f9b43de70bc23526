// Of Twisted's `internet/test/test_endpoints.py`, `StandardIOEndpointsTests` and `StandardIOEndpointPluginTests`. `test_interface` is the
// compiler's, and `test_pluginDiscovery` does not apply. What comes of it in a program, the address included, is in
// `reactor/drivers/deno/stdio_test.ts`.

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

/** Notes what it is asked for. */
class NotedReactor implements IReactorStdio {
  readonly asked: [IProtocolFactory, StandardIOOptions | undefined][] = [];
  // Nothing here asks anything of it.
  readonly port = {} as IListeningPort<IPipeAddress>;

  listenStandardIO(
    factory: IProtocolFactory,
    options?: StandardIOOptions,
  ): IListeningPort<IPipeAddress> {
    this.asked.push([factory, options]);
    return this.port;
  }
}

Deno.test("listen() hands the reactor the factory and the options, and fires with the port", async () => {
  const reactor = new NotedReactor();
  const factory = Factory.forProtocol(Protocol);
  const options = { writeBufferLimit: 10 };
  assertStrictEquals(await new StandardIOEndpoint(reactor, options).listen(factory), reactor.port);
  await new StandardIOEndpoint(reactor).listen(factory);
  assertEquals(reactor.asked, [[factory, options], [factory, {}]]);
});

Deno.test("listen() fails with what the reactor throws", async () => {
  const endpoint = new StandardIOEndpoint(new DenoReactor(), { writeBufferLimit: -1 });
  await assertRejects(
    () => endpoint.listen(Factory.forProtocol(Protocol)),
    RangeError,
    "writeBufferLimit",
  );
});

Deno.test("StandardIO() connects the protocol that it is given", () => {
  const reactor = new NotedReactor();
  const protocol = new Protocol();
  assertStrictEquals(StandardIO(protocol, { reactor, idleTimeout: 10 }), reactor.port);
  const [[factory, options] = []] = reactor.asked;
  assertStrictEquals(factory?.buildProtocol(new PipeAddress()), protocol);
  assertEquals(options, { idleTimeout: 10 });
});

Deno.test('serverFromString("stdio:") is standard input and output; it takes no arguments', () => {
  const reactor = new DenoReactor();
  for (const description of ["stdio:", "stdio", "STDIO:"]) {
    assertInstanceOf(serverFromString(reactor, description), StandardIOEndpoint);
  }
  assertThrows(() => serverFromString(reactor, "stdio:1"), EndpointDescriptionError);
  assertThrows(() => serverFromString(reactor, "stdio:a=b"), EndpointDescriptionError);
});
