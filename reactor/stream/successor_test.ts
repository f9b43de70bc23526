import { assertEquals, assertStrictEquals } from "@std/assert";
import { HalfCloseableRecorder, Recorder } from "../../testing/fixtures/connection_fixture.ts";
import { connectedServerAndClient, LoggedErrors, TestPeer } from "../../testing/mod.ts";
import type { IProtocol } from "../interfaces/mod.ts";
import { lastSuccessor, successor, type TemporaryProtocol } from "./successor.ts";

/** Passes its connection on, and then names its successor. */
class Wrapper extends Recorder implements TemporaryProtocol {
  readonly #next: IProtocol;
  #isMade = false;

  constructor(next: IProtocol) {
    super();
    this.#next = next;
  }

  get [successor](): IProtocol | null {
    return this.#isMade ? this.#next : null;
  }

  override connectionMade(): void {
    this.#next.makeConnection(this.transport);
    this.#isMade = true;
  }
}

Deno.test("lastSuccessor() returns a protocol that has no successor", () => {
  const protocol = new Recorder();
  assertStrictEquals(lastSuccessor(protocol), protocol);
  const wrapper = new Wrapper(protocol);
  assertStrictEquals(lastSuccessor(wrapper), wrapper);
});

Deno.test("Connection calls the last successor after makeConnection()", async () => {
  const protocol = new HalfCloseableRecorder();
  const inner = new Wrapper(protocol);
  const outer = new Wrapper(inner);
  using pair = connectedServerAndClient<IProtocol, TestPeer>(outer, TestPeer);
  pair.client.send("some bytes");
  await pair.pump.pumpUntilIdle();
  pair.client.transport.loseWriteConnection();
  await pair.pump.pumpUntilIdle();
  pair.serverTransport.loseConnection();
  await pair.pump.pumpUntilIdle();
  assertEquals(protocol.events, [
    "made",
    "received some bytes",
    "read lost",
    "lost ConnectionDone",
  ]);
  assertEquals([outer.events, inner.events], [[], []]);
});

Deno.test("Connection keeps a wrapper whose connectionMade() throws", async () => {
  using errors = new LoggedErrors();
  const protocol = new Recorder({
    connectionMade: () => {
      throw new TypeError("not today");
    },
  });
  const wrapper = new Wrapper(protocol);
  using pair = connectedServerAndClient<IProtocol, TestPeer>(wrapper, TestPeer);
  await pair.pump.pumpUntilIdle();
  assertEquals(wrapper.events, ["lost TypeError"]);
  assertEquals(errors.take().length, 1);
});
