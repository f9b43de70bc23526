// Protocols with getBuffer() and bufferUpdated() behind the wrappers of the library, most of which
// know only dataReceived().

import { assertEquals } from "@std/assert";
import type { IBufferedProtocol, IProtocol } from "../reactor/interfaces/mod.ts";
import { wrapProtocol } from "../reactor/stream/protocol_wrapper.ts";
import { Clock } from "../task/mod.ts";
import { connectedServerAndClient, StringTransport, TestPeer } from "../testing/mod.ts";
import { BinaryBoxProtocol } from "./amp/mod.ts";
import {
  Factory,
  LimitConnectionRate,
  LimitConnectionsByPeer,
  Protocol,
  SlowPeerGuard,
  SpewingFactory,
  ThrottlingFactory,
  TimeoutFactory,
  TrafficLoggingFactory,
  WrappingFactory,
} from "./mod.ts";
import { ProxyProtocolFactory } from "./proxy_protocol/mod.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Echoes in upper case, out of a buffer of five bytes. */
class Shout extends Protocol implements IBufferedProtocol {
  readonly #buffer = new Uint8Array(5);

  getBuffer(): Uint8Array<ArrayBuffer> {
    return this.#buffer;
  }

  bufferUpdated(count: number): void {
    const text = decoder.decode(this.#buffer.subarray(0, count));
    this.transport.write(text.toUpperCase());
  }
}

type Shouts = Factory<IProtocol>;

const LINE = "PROXY TCP4 192.0.2.1 192.0.2.9 56324 443\r\n";

/** The wrappers, and the bytes that a peer sends first. */
const WRAPPERS: Record<string, [wrap: (factory: Shouts) => Shouts, first?: string]> = {
  "no wrapper": [(factory) => factory],
  "the wrapper of endpoints": [(factory) => {
    const build = factory.buildProtocol.bind(factory);
    return Object.assign(factory, {
      buildProtocol: (addr: Parameters<typeof build>[0]) => {
        const protocol = build(addr);
        return protocol === null ? null : wrapProtocol(protocol, { lost: () => {} });
      },
    });
  }],
  WrappingFactory: [(factory) => new WrappingFactory(factory)],
  LimitConnectionsByPeer: [(factory) => new LimitConnectionsByPeer(factory)],
  LimitConnectionRate: [
    (factory) => new LimitConnectionRate(factory, { clock: new Clock(), connectionRate: 1 }),
  ],
  SlowPeerGuard: [(factory) => new SlowPeerGuard(factory, { minRate: 10 })],
  SpewingFactory: [(factory) => new SpewingFactory(factory)],
  ThrottlingFactory: [(factory) => new ThrottlingFactory(factory, { readLimit: 1000 })],
  TimeoutFactory: [(factory) => new TimeoutFactory(factory, 10)],
  TrafficLoggingFactory: [(factory) => new TrafficLoggingFactory(factory, "traffic")],
  ProxyProtocolFactory: [
    (factory) => new ProxyProtocolFactory(factory, { trustedSources: "any" }),
    LINE,
  ],
  "ProxyProtocolFactory and a policy": [
    (factory) => new ProxyProtocolFactory(new WrappingFactory(factory), { trustedSources: "any" }),
    LINE,
  ],
};

for (const [name, [wrap, first = ""]] of Object.entries(WRAPPERS)) {
  Deno.test(`IBufferedProtocol behind ${name} receives all bytes in order`, () => {
    using pair = connectedServerAndClient(wrap(Factory.forProtocol(Shout)), TestPeer);
    pair.client.send(`${first}one two three`);
    pair.pump.flush();
    pair.client.send(" four");
    pair.pump.flush();
    assertEquals(pair.client.text, "ONE TWO THREE FOUR");
  });
}

Deno.test("IBufferedProtocol to which AMP has switched receives all bytes in order", () => {
  const ignore = (): void => {};
  const boxes = {
    startReceivingBoxes: ignore,
    ampBoxReceived: ignore,
    stopReceivingBoxes: ignore,
  };
  const protocol = new BinaryBoxProtocol(boxes);
  const transport = new StringTransport();
  protocol.makeConnection(transport);
  protocol.switchTo(new Shout());
  protocol.dataReceived(encoder.encode("one two three"));
  assertEquals(transport.text(), "ONE TWO THREE");
});
