/**
 * Service and MultiService. Twisted's `test/test_application.py`, `ServiceTests`, test by test: all
 * but testApplicationAsParent (a MultiService replaces `Application`) and testCopying (services
 * cannot be copied). The compiler checks `InterfacesTests` and, of
 * `application/test/test_service.py`, `ServiceInterfaceTests`. `ProcessTests`, `LoadingTests` and
 * `ApplicationTests` are about `twistd`; see `mod.ts`. `AppSupportTests.test_startApplication` is
 * in `start_application_test.ts`.
 */

import {
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { Deferred, fail } from "../../defer/mod.ts";
import { reportUnhandled } from "../../defer/unhandled.ts";
import { type IService, MultiService, Service, ServicesNotStopped } from "./mod.ts";
import { assertNoResult, LoggedErrors, successResultOf } from "../../testing/mod.ts";
import { outcomes } from "../../testing/fixtures/outcomes.ts";

/** A service that records its calls in a list, which several services may share. */
class Noted extends Service {
  /** The result of `stopService()`. */
  stopped: PromiseLike<unknown> | void = undefined;

  constructor(readonly calls: string[], name: string) {
    super();
    this.setName(name);
  }

  override privilegedStartService(): void {
    this.calls.push(`privileged ${this.name}`);
  }

  override startService(): void {
    super.startService();
    this.calls.push(`start ${this.name}`);
  }

  override stopService(): PromiseLike<unknown> | void {
    super.stopService();
    this.calls.push(`stop ${this.name}`);
    return this.stopped;
  }
}

function parentOf(...children: Service[]): MultiService {
  const parent = new MultiService();
  for (const child of children) child.setServiceParent(parent);
  return parent;
}

Deno.test("Service.setName() sets the name", () => {
  const service = new Service();
  assertEquals(service.name, null);
  service.setName("hello");
  assertEquals([service.name, String(service)], ["hello", 'Service "hello"']);
});

Deno.test("Service.setServiceParent() adds the service to a parent", () => {
  const child = new Service();
  const parent = parentOf(child);
  assertEquals([...parent], [child]);
  assertStrictEquals(child.parent, parent);
});

Deno.test("MultiService.getServiceNamed() returns the service with the name", () => {
  const child = new Noted([], "hello");
  const parent = parentOf(child, new Service());
  assertStrictEquals(parent.getServiceNamed("hello"), child);
  assertThrows(
    () => parent.getServiceNamed("lala"),
    RangeError,
    'Cannot get the service "lala" of MultiService: no service has this name',
  );
});

Deno.test("Service.setName() throws when the service has a parent", () => {
  const child = new Noted([], "hello");
  parentOf(child);
  assertThrows(
    () => child.setName("lala"),
    Error,
    'Cannot rename Noted "hello" to "lala": it has a parent already',
  );
});

Deno.test("MultiService throws for a second service of the same name", () => {
  const first = new Noted([], "hello");
  const second = new Noted([], "hello");
  const parent = parentOf(first);
  assertThrows(
    () => second.setServiceParent(parent),
    RangeError,
    'Cannot add Noted "hello" to MultiService: it has a service named "hello" already',
  );
  assertEquals([second.parent, [...parent].length], [null, 1]);
});

Deno.test("Service.disownServiceParent() removes the service from its parent", () => {
  const child = new Noted([], "hello");
  const parent = parentOf(child);
  assertEquals(child.disownServiceParent(), undefined);
  assertEquals([[...parent], child.parent, child.calls], [[], null, []]);
  assertThrows(() => parent.getServiceNamed("hello"), RangeError);
  assertThrows(
    () => child.disownServiceParent(),
    Error,
    'Cannot disown the parent of Noted "hello": it has no parent',
  );
  assertThrows(
    () => parent.removeService(child),
    RangeError,
    'Cannot remove Noted "hello" from MultiService: the service is not in it',
  );
});

Deno.test("Service.running is true between startService() and stopService()", () => {
  const service = new Service();
  assertEquals(service.running, false);
  service.startService();
  assertEquals(service.running, true);
  service.stopService();
  assertEquals(service.running, false);
});

Deno.test("MultiService starts its services in order, and stops them in reverse order", () => {
  const calls: string[] = [];
  const [a, b] = [new Noted(calls, "a"), new Noted(calls, "b")];
  const parent = parentOf(a, b);
  parent.startService();
  assertEquals([a.running, b.running, parent.running], [true, true, true]);
  const stopped = parent.stopService();
  assertEquals([a.running, b.running, parent.running], [false, false, false]);
  assertEquals(calls, ["start a", "start b", "stop b", "stop a"]);
  assertEquals(successResultOf(stopped), undefined);
});

Deno.test("MultiService starts a service added while it runs, and stops one that is removed", () => {
  const parent = new MultiService();
  parent.startService();
  const child = new Noted([], "a");
  child.setServiceParent(parent);
  assertEquals([child.running, child.calls], [true, ["privileged a", "start a"]]);
  child.stopped = new Deferred();
  assertStrictEquals(child.disownServiceParent(), child.stopped);
  assertEquals([child.running, child.calls.at(-1)], [false, "stop a"]);
});

Deno.test("MultiService.privilegedStartService() calls that of each of its services", () => {
  const calls: string[] = [];
  const parent = parentOf(new Noted(calls, "a"), parentOf(new Noted(calls, "b")));
  parent.privilegedStartService();
  assertEquals([calls, parent.running], [["privileged a", "privileged b"], false]);
});

// --- Tests that Twisted does not have ----------------------------------------------------------

Deno.test("MultiService.stopService() stops all services at once, and waits for all", () => {
  const children = ["a", "b", "c"].map((name) => new Noted([], name));
  const waits = children.map(() => new Deferred<void>());
  children.forEach((child, i) => child.stopped = waits[i]);
  const parent = parentOf(...children);
  parent.startService();
  const stopped = parent.stopService();
  assertEquals(children.map(({ running }) => running), [false, false, false]);
  waits[0]?.callback();
  waits[2]?.callback();
  assertNoResult(stopped);
  waits[1]?.callback();
  assertEquals(successResultOf(stopped), undefined);
});

Deno.test("MultiService.stopService() stops all services although some fail", () => {
  using _errors = new LoggedErrors();
  const [thrown, failed] = [new RangeError("thrown"), new RangeError("failed")];
  class Throwing extends Noted {
    override stopService(): never {
      throw thrown;
    }
  }
  const [first, second, third] = [new Noted([], "a"), new Throwing([], "b"), new Noted([], "c")];
  const last = new Deferred<void>();
  first.stopped = last;
  third.stopped = fail(failed);
  const parent = parentOf(first, second, third);
  parent.startService();
  const stopped = outcomes(parent.stopService());
  assertEquals([stopped, first.running], [[], false]);
  last.callback();
  const [error] = stopped;
  assertInstanceOf(error, ServicesNotStopped);
  assertEquals(error.errors, [failed, thrown]);
  assertEquals(error.services, [third, second]);
  assertEquals(error.name, "ServicesNotStopped");
  assertEquals(
    error.message,
    'Cannot stop 2 of the child services: Noted "c": failed; Throwing "b": thrown',
  );
});

Deno.test("MultiService.startService() throws the error of a service, and starts no further one", () => {
  class Failing extends Service {
    override startService(): void {
      throw new RangeError("boom");
    }
  }
  const calls: string[] = [];
  const parent = parentOf(new Noted(calls, "a"), new Failing(), new Noted(calls, "b"));
  assertThrows(() => parent.startService(), RangeError, "boom");
  assertEquals([calls, parent.running], [["start a"], true]);
  const late = new Failing();
  assertThrows(() => late.setServiceParent(parent), RangeError, "boom");
  assertStrictEquals(late.parent, parent);
  parent.stopService();
  assertEquals(calls, ["start a", "stop b", "stop a"]);
});

Deno.test("MultiService logs the rejection of an async startService()", async () => {
  using errors = new LoggedErrors();
  class Slow extends Service {
    override async startService(): Promise<void> {
      await null;
      throw new RangeError("boom");
    }
  }
  const parent = parentOf(new Slow());
  parent.startService();
  for (let i = 0; i < 5; i++) await null;
  const [event] = errors.takeEvents();
  assertEquals([event?.why, event?.failure?.message], [
    "Error while calling startService of Slow",
    "boom",
  ]);
});

Deno.test("MultiService starts a service at most once if others add or remove it", () => {
  const calls: string[] = [];
  const [added, removed] = [new Noted(calls, "added"), new Noted(calls, "removed")];
  class Meddling extends Service {
    override startService(): void {
      added.setServiceParent(parent);
      removed.disownServiceParent();
    }
  }
  const parent = parentOf(new Meddling(), removed);
  parent.startService();
  assertEquals(calls, ["privileged added", "start added", "stop removed"]);
});

Deno.test("Service.setServiceParent() removes the service from its old parent", () => {
  using errors = new LoggedErrors();
  const child = new Noted([], "a");
  const [old, other] = [parentOf(child), new MultiService()];
  old.startService();
  other.startService();
  child.stopped = fail(new RangeError("boom"));
  child.setServiceParent(other);
  assertEquals([[...old], [...other], child.parent === other], [[], [child], true]);
  assertEquals(child.calls, ["start a", "stop a", "privileged a", "start a"]);
  const [event] = errors.takeEvents();
  assertEquals(event?.why, 'Error while stopping Noted "a" to move it to another parent');
});

Deno.test("Service is stopped at the end of an `await using` block", async () => {
  const stopping = Promise.withResolvers<void>();
  const events: string[] = [];
  const scope = async (child: Noted) => {
    await using service: IService = parentOf(child);
    service.startService();
    events.push("started");
  };
  const child = new Noted([], "a");
  child.stopped = stopping.promise;
  const done = scope(child).then(() => events.push("disposed"));
  while (child.running || events.length === 0) await null;
  assertEquals(events, ["started"]);
  stopping.resolve();
  await done;
  assertEquals(events, ["started", "disposed"]);
  child.stopped = Promise.reject(new RangeError("boom"));
  await assertRejects(() => scope(child), Error, "boom");
});

Deno.test("MultiService logs the failure of an asynchronous start with the service's name", async () => {
  using errors = new LoggedErrors();
  class Failing extends Service {
    constructor(readonly start: () => unknown) {
      super();
      this.setName("failing");
    }
    override startService(): void {
      super.startService();
      return this.start() as void; // as an async method does
    }
    override privilegedStartService(): void {
      return this.start() as void;
    }
  }
  const parent = parentOf(
    new Failing(() => Promise.reject(new Error("rejected"))),
  );
  parent.privilegedStartService();
  parent.startService();
  const deferring = new Failing(() => fail(new Error("failed")));
  deferring.setName("deferring");
  deferring.setServiceParent(parent);
  await new Promise((resolve) => setTimeout(resolve, 0));
  reportUnhandled();
  assertEquals(errors.takeEvents().map(({ message }) => message), [
    'Error while calling privilegedStartService of Failing "failing"',
    'Error while calling startService of Failing "failing"',
    'Unhandled error in Deferred (privilegedStartService of Failing "deferring")',
    'Unhandled error in Deferred (startService of Failing "deferring")',
  ]);
});
