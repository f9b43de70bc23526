import { assertEquals, assertStrictEquals } from "@std/assert";
import { HalfCloseableRecorder, Recorder } from "../../testing/fixtures/connection_fixture.ts";
import { LoggedErrors } from "../../testing/logged_errors.ts";
import { connectProtocol } from "../../testing/fixtures/protocol_fixture.ts";
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
  using fixture = connectProtocol<IProtocol>(outer);
  fixture.peer.send("some bytes");
  await fixture.settle();
  fixture.peer.driver.closeWrite();
  await fixture.settle();
  fixture.connection.loseConnection();
  await fixture.settle();
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
  using fixture = connectProtocol<IProtocol>(wrapper);
  await fixture.settle();
  assertEquals(wrapper.events, ["lost TypeError"]);
  assertEquals(errors.take().length, 1);
});
