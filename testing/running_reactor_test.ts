import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { Deferred } from "../defer/mod.ts";
import { connectProtocol, TCP4ClientEndpoint } from "../endpoints/mod.ts";
import { Factory, Protocol } from "../protocol/mod.ts";
import { DenoReactor } from "../reactor/mod.ts";
import type { ReactorResource } from "../reactor/lifecycle/open_resources.ts";
import { checkClean, RunningReactor, runningReactor, TestPeer } from "./mod.ts";

Deno.test("runningReactor() gives a running reactor, which await using stops", async () => {
  let kept: DenoReactor;
  {
    await using reactor = runningReactor();
    kept = reactor;
    assert(reactor instanceof DenoReactor && reactor.running);
  }
  assert(!kept.running);
});

Deno.test(
  "runningReactor() closes all ports and connections at the end",
  checkClean(async () => {
    const peer = new TestPeer();
    {
      await using reactor = runningReactor();
      const factory = Factory.forProtocol(Protocol);
      const port = reactor.listenTCP(0, factory, { interface: "127.0.0.1" });
      const endpoint = new TCP4ClientEndpoint(reactor, "127.0.0.1", port.getHost().port);
      await connectProtocol(endpoint, peer);
      assertEquals(peer.reason, null);
    }
    assertEquals(peer.reason?.name, "ConnectionLost");
  }),
);

Deno.test("runningReactor() installs no signal handlers", async () => {
  const signals: Deno.Signal[] = [];
  const { addSignalListener } = Deno;
  Deno.addSignalListener = (signal) => void signals.push(signal);
  try {
    await using _reactor = runningReactor();
    // The signal handlers of a reactor that stops on SIGINT would be installed by now.
    assertEquals(signals.filter((signal) => signal === "SIGINT"), []);
  } finally {
    Deno.addSignalListener = addSignalListener;
  }
});

Deno.test("runningReactor() may be stopped or crashed by the test", async () => {
  {
    await using reactor = runningReactor();
    reactor.stop();
  }
  await using reactor = runningReactor();
  reactor.crash();
});

Deno.test("runningReactor() stops in faked time", async () => {
  using _time = new FakeTime();
  await using _reactor = runningReactor();
});

Deno.test("runningReactor() fails if stopping takes too long, with the names of what is open", async () => {
  /** A reactor with a resource that never closes. */
  class Stuck extends RunningReactor {
    open(resource: ReactorResource): void {
      this.resources.add(resource);
    }
  }
  const reactor = new Stuck({ stopTimeout: 0.01 });
  const modem = { shutDown: () => {}, unref: () => {}, toString: () => "modem on line 1" };
  reactor.open(modem);
  const error = await assertRejects(() => reactor[Symbol.asyncDispose](), Error);
  assertEquals(error.message, "Cannot stop the reactor within 0.01 s: modem on line 1 is open");
});

Deno.test("runningReactor() fails if a trigger of the shutdown never completes", async () => {
  const reactor = runningReactor({ stopTimeout: 0.01 });
  reactor.addSystemEventTrigger("before", "shutdown", () => new Deferred<void>());
  const error = await assertRejects(() => reactor[Symbol.asyncDispose](), Error);
  assertStringIncludes(
    error.message,
    'a trigger of the event "shutdown" in the phase "before" has not completed',
  );
  assert(!reactor.running);
});

Deno.test("runningReactor() refuses a time limit that is not a number of seconds", () => {
  assertThrows(() => runningReactor({ stopTimeout: -1 }), RangeError, "stopTimeout must be");
});
