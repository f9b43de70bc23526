/** The tests of protocol switches in `AMPTests` of Twisted's `test_amp.py`; see `amp_test.ts`. */

import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { CancelledError, Deferred, TimeoutError } from "../../defer/mod.ts";
import type { IProtocol } from "../../reactor/interfaces/mod.ts";
import {
  AccumulatingProtocol,
  assertNoResult,
  cleanTest,
  connectedServerAndClient,
  failureResultOf,
  flushLoggedErrors,
  successResultOf,
} from "../../testing/mod.ts";
import * as amp from "./mod.ts";

class UnknownProtocol extends Error {}

const Switch = new amp.ProtocolSwitchCommand("Switch-Proto", {
  arguments: { name: amp.Unicode },
  errors: { UNKNOWN: UnknownProtocol },
});
const Ping = new amp.Command("Ping");
const WaitForever = new amp.Command("WaitForever");

/** The protocol after the switch. */
class Inner extends AccumulatingProtocol {
  readonly #greeting: string;

  constructor(greeting: string) {
    super();
    this.#greeting = greeting;
  }

  override connectionMade(): void {
    this.transport.write(this.#greeting);
  }

  /** What it has received. */
  get received(): string {
    return new TextDecoder().decode(this.data);
  }
}

class Server extends amp.AMP {
  readonly inner = new Inner("No, really.  Success.");
  readonly waiting = new Deferred<void>();
  /** When the responder answers; at once without it. */
  later: Deferred<IProtocol> | null = null;

  constructor() {
    super();
    this.responder(Switch, ({ name }) => {
      if (name === "test-proto") return this.later ?? this.inner;
      throw new UnknownProtocol(name);
    });
    this.responder(Ping, () => {});
    this.responder(WaitForever, () => this.waiting);
  }
}

const args = { name: "test-proto" };
const checkSwitched = (server: Inner, client: Inner): void =>
  assertEquals([server.received, client.received], ["Success!", "No, really.  Success."]);

cleanTest("ProtocolSwitchCommand passes the connection to a protocol on each side", () => {
  for (const chunkSize of [1, 65536]) {
    using pair = connectedServerAndClient(Server, amp.AMP, { chunkSize });
    const protocol = new Inner("Success!");
    const switched = pair.client.callRemote(Switch, args, { protocol });
    pair.pump.flush();
    successResultOf(switched);
    checkSwitched(pair.server.inner, protocol);
    assertStrictEquals(pair.client.innerProtocol, protocol);
    assertStrictEquals(pair.server.innerProtocol, pair.server.inner);
    pair.client.transport.loseConnection();
    pair.pump.flush();
    for (const inner of [pair.server.inner, protocol]) {
      assertEquals(inner.closedReason?.name, "ConnectionDone");
    }
  }
});

cleanTest("ProtocolSwitchCommand waits for a responder that returns a Deferred", () => {
  using pair = connectedServerAndClient(Server, amp.AMP);
  const { server, client, pump } = pair;
  server.later = new Deferred();
  const protocol = new Inner("Success!");
  const switched = client.callRemote(Switch, args, { protocol });
  pump.flush();
  assertNoResult(switched);
  assertThrows(() => client.callRemote(Ping), amp.ProtocolSwitched);
  server.later.callback(server.inner);
  pump.flush();
  checkSwitched(server.inner, protocol);
});

cleanTest("ProtocolSwitchCommand returns to AMP when the peer refuses", () => {
  using pair = connectedServerAndClient(Server, amp.AMP);
  const switched = pair.client.callRemote(Switch, { name: "no-proto" }, {
    protocol: new Inner(""),
  });
  pair.pump.flush();
  assertEquals(failureResultOf(switched, UnknownProtocol).message, "no-proto");
  const answer = pair.client.callRemote(Ping);
  pair.pump.flush();
  successResultOf(answer);
  assertStrictEquals(pair.client.innerProtocol, null);
});

cleanTest("ProtocolSwitchCommand returns to AMP when the peer has no responder", () => {
  using pair = connectedServerAndClient(amp.AMP, amp.AMP);
  const switched = pair.client.callRemote(Switch, args, { protocol: new Inner("") });
  pair.pump.flush();
  failureResultOf(switched, amp.UnhandledCommand);
  const answer = pair.client.callRemote(Ping);
  pair.pump.flush();
  failureResultOf(answer, amp.UnhandledCommand);
});

cleanTest("AMP.callRemote() throws ProtocolSwitched after a switch", () => {
  using pair = connectedServerAndClient(Server, amp.AMP);
  const switched = pair.client.callRemote(Switch, args, { protocol: new Inner("Success!") });
  pair.pump.flush();
  successResultOf(switched);
  const protocol = new Inner("");
  assertThrows(() => pair.client.callRemote(Switch, args, { protocol }), amp.ProtocolSwitched);
  assertThrows(() => pair.server.callRemote(Ping), amp.ProtocolSwitched);
  // Unlike a call that waits for an answer, this one is dropped.
  const Note = new amp.Command("Note", { requiresAnswer: false });
  assertStrictEquals(pair.client.callRemote(Note), undefined);
});

cleanTest("AMP drops the answers to earlier calls after a switch", () => {
  const outcomes: ((waiting: Deferred<void>) => void)[] = [
    (waiting) => waiting.callback(),
    (waiting) => waiting.errback(new amp.RemoteAmpError("SPURIOUS", "traffic")),
  ];
  for (const act of outcomes) {
    using pair = connectedServerAndClient(Server, amp.AMP);
    const { server, client, pump } = pair;
    const protocol = new Inner("Success!");
    const waiting = client.callRemote(WaitForever);
    const switched = client.callRemote(Switch, args, { protocol });
    pump.flush();
    successResultOf(switched);
    act(server.waiting);
    pump.flush();
    client.transport.loseConnection();
    pump.flush();
    failureResultOf(waiting);
    checkSwitched(server.inner, protocol);
  }
});

cleanTest("ProtocolSwitchCommand aborts the connection when the call is abandoned", () => {
  const signals = [AbortSignal.abort(), new AbortController().signal];
  for (const [i, signal] of signals.entries()) {
    using pair = connectedServerAndClient(Server, amp.AMP);
    const { server, client, clock, pump } = pair;
    server.later = new Deferred();
    const options = { protocol: new Inner(""), timeout: 3, clock, signal };
    const switched = client.callRemote(Switch, args, options);
    pump.flush();
    clock.advance(3);
    pump.flush();
    // A call that was cancelled before it was sent changes nothing.
    if (i === 0) failureResultOf(switched, CancelledError);
    else failureResultOf(switched, TimeoutError);
    assertEquals(pair.clientReason?.name, i === 0 ? undefined : "ConnectionAborted");
  }
});

cleanTest("ProtocolSwitchCommand logs and closes when the responder returns no protocol", () => {
  class Bad extends amp.AMP {
    constructor() {
      super();
      // A responder without types may return any value.
      this.responder(Switch, () => ({}) as never);
    }
  }
  using pair = connectedServerAndClient(Bad, amp.AMP);
  const switched = pair.client.callRemote(Switch, args, { protocol: new Inner("") });
  pair.pump.flush();
  // The command has the code UNKNOWN, too, as in Twisted's tests.
  failureResultOf(switched, UnknownProtocol);
  const [error] = flushLoggedErrors(amp.BadLocalReturn);
  assert(error?.message.includes("must be a protocol"), error?.message);
});

cleanTest("ProtocolSwitchCommand requires a protocol, and a connection", () => {
  using pair = connectedServerAndClient(Server, amp.AMP);
  // Callers without types may pass any value.
  const options = { protocol: null as unknown as IProtocol };
  assertThrows(
    () => pair.client.callRemote(Switch, args, options),
    TypeError,
    "callRemote(Switch-Proto) protocol must be a protocol, got null",
  );
  const dispatcher = new amp.BoxDispatcher(new amp.CommandLocator());
  dispatcher.startReceivingBoxes({
    sendBox(): void {},
    unhandledError(): void {},
    loseConnection(): void {},
  });
  assertThrows(
    () => dispatcher.callRemote(Switch, args, { protocol: new Inner("") }),
    TypeError,
    "the sender of boxes must be a BinaryBoxProtocol",
  );
});
