import { assert, assertEquals, assertLess, assertLessOrEqual } from "@std/assert";
import fc from "fast-check";
import { CallQueue } from "./call_queue.ts";

/** A call outside the queue: it knows its slot and when it is due, as the queue asks. */
interface Handle {
  readonly name: string;
  due: number;
  slot: number;
}

const dueOf = ({ due }: Handle): number => due;

/** A queue, and what its calls say when they are called. */
class QueueBed {
  readonly queue = new CallQueue<Handle>({
    dueOf,
    moved: (handle, slot) => handle.slot = slot,
  });
  readonly said: string[] = [];

  add(name: string, due: number): Handle {
    const handle = { name, due, slot: -1 };
    this.queue.add(handle, due, () => this.said.push(name));
    return handle;
  }

  /** Moves a call that is in the queue. */
  move(handle: Handle, due: number): void {
    const isLater = due >= handle.due;
    handle.due = due;
    if (isLater) this.queue.putOff();
    else this.queue.bringForward(handle, handle.slot, due);
  }

  isIn(handle: Handle): boolean {
    return this.queue.find(handle, handle.slot) !== null;
  }

  /** Makes the earliest call. @returns its name and when it was due. */
  next(): [string | undefined, number] {
    const due = this.queue.nextDue();
    this.queue.takeNext()?.();
    return [this.said.pop(), due];
  }

  /** Makes all calls. @returns their names. */
  drain(): (string | undefined)[] {
    const names: (string | undefined)[] = [];
    while (this.queue.nextDue() < Infinity) names.push(this.next()[0]);
    return names;
  }
}

Deno.test("An empty queue is never due and has nothing to take", () => {
  const { queue } = new QueueBed();
  assertEquals([queue.nextDue(), queue.nothingBefore], [Infinity, Infinity]);
  assertEquals([queue.takeNext(), queue.size, queue.added, queue.handles()], [null, 0, 0, []]);
});

Deno.test("Calls come when they are due, and where that is equal in the order in which they were added", () => {
  const fixture = new QueueBed();
  fixture.add("c", 2);
  fixture.add("a", 1);
  fixture.add("d", 2);
  fixture.add("b", 1);
  assertEquals([fixture.queue.nextDue(), fixture.queue.nextOrder], [1, 1]);
  assertEquals(fixture.drain(), ["a", "b", "c", "d"]);
});

Deno.test("A call that was taken or removed is in the queue no more, and its slot is another's", () => {
  const fixture = new QueueBed();
  const taken = fixture.add("taken", 1);
  const removed = fixture.add("removed", 2);
  assert(fixture.isIn(taken) && fixture.isIn(removed));
  assertEquals(fixture.next(), ["taken", 1]);
  fixture.queue.remove(removed.slot);
  assertEquals(fixture.queue.nextDue(), Infinity);
  assert(!fixture.isIn(taken) && !fixture.isIn(removed));
  const next = fixture.add("next", 3);
  assert(next.slot === taken.slot || next.slot === removed.slot);
  assert(fixture.isIn(next) && !fixture.isIn(taken) && !fixture.isIn(removed));
  assertEquals(fixture.queue.handles(), [next]);
});

Deno.test("A call that was put off comes at its new time, also when it was on top", () => {
  const fixture = new QueueBed();
  const first = fixture.add("first", 1);
  fixture.add("second", 2);
  const third = fixture.add("third", 3);
  fixture.move(first, 2.5);
  fixture.move(third, 4);
  assertEquals(fixture.next(), ["second", 2]);
  assertEquals(fixture.next(), ["first", 2.5]);
  assertEquals(fixture.next(), ["third", 4]);
});

Deno.test("A call that was put off and then moved back, not all the way, comes at that time", () => {
  const fixture = new QueueBed();
  const call = fixture.add("call", 1);
  fixture.add("other", 5);
  fixture.move(call, 9);
  fixture.move(call, 3);
  assertEquals([fixture.next(), fixture.next()], [["call", 3], ["other", 5]]);
  assertEquals(fixture.queue.nextDue(), Infinity);
});

Deno.test("A call that is brought forward comes once, at its new time, and keeps its turn among equals", () => {
  const fixture = new QueueBed();
  fixture.add("a", 1);
  const b = fixture.add("b", 5);
  fixture.add("c", 1);
  fixture.move(b, 1);
  assertEquals(fixture.drain(), ["a", "b", "c"]);
});

Deno.test("A call put off to a time at which others are due keeps its turn among them", () => {
  const fixture = new QueueBed();
  const a = fixture.add("a", 1);
  fixture.add("b", 2);
  fixture.move(a, 2);
  fixture.add("c", 2);
  assertEquals(fixture.drain(), ["a", "b", "c"]);
});

Deno.test("bringForward() of a call that is not in the queue does nothing", () => {
  const fixture = new QueueBed();
  const call = fixture.add("call", 1);
  fixture.next();
  fixture.move(call, 0);
  assertEquals([fixture.queue.nextDue(), fixture.queue.size], [Infinity, 0]);
});

Deno.test("A queue does not keep what a cancelled call would have called", () => {
  const fixture = new QueueBed();
  const call = fixture.add("call", 1);
  fixture.queue.remove(call.slot);
  assertEquals(fixture.queue.find(call, call.slot), null);
  assertEquals(fixture.queue.handles(), []);
});

Deno.test("100,000 rounds of adding and removing leave the queue small, also among calls that stay", () => {
  for (const staying of [0, 1, 1000]) {
    const fixture = new QueueBed();
    for (let i = 0; i < staying; i++) fixture.add("staying", 1e6 + i);
    let largest = 0;
    for (let i = 0; i < 100_000; i++) {
      fixture.queue.remove(fixture.add("cancelled", 60 + i).slot);
      largest = Math.max(largest, fixture.queue.size);
    }
    assertLessOrEqual(largest, 2 * staying + 70);
    assertEquals(fixture.queue.handles().length, staying);
  }
});

Deno.test("100,000 calls that are added and then all cancelled leave an empty queue", () => {
  const fixture = new QueueBed();
  const calls = Array.from({ length: 100_000 }, (_, i) => fixture.add("cancelled", i % 977));
  for (const { slot } of calls) fixture.queue.remove(slot);
  assertLessOrEqual(fixture.queue.size, 65);
  assertEquals(fixture.queue.nextDue(), Infinity);
  assertEquals(fixture.queue.size, 0);
});

Deno.test("100,000 times put off is one place in the queue; brought forward, it is a few", () => {
  const fixture = new QueueBed();
  const call = fixture.add("call", 1e9);
  for (let i = 0; i < 100_000; i++) fixture.move(call, 1e9 + i);
  assertEquals(fixture.queue.size, 1);
  for (let i = 0; i < 100_000; i++) fixture.move(call, 1e9 - i);
  assertLess(fixture.queue.size, 70);
  assertEquals(fixture.next(), ["call", 1e9 - 99_999]);
  assertEquals(fixture.queue.nextDue(), Infinity);
});

Deno.test("A queue that was long once makes its slots few again", () => {
  const fixture = new QueueBed();
  for (let i = 0; i < 10_000; i++) fixture.add("call", i);
  const last = fixture.add("last", 1e9);
  for (let i = 0; i < 10_000; i++) fixture.next();
  assertEquals(fixture.queue.handles(), [last]);
  assertLess(last.slot, 70);
  assertLess(fixture.add("another", 2e9).slot, 70);
});

Deno.test("Sweeps are rare: calls are told their slots twice at most on average, however the queue grows and shrinks", () => {
  let told = 0;
  const queue = new CallQueue<Handle>({
    dueOf,
    moved: (handle, slot) => {
      handle.slot = slot;
      told++;
    },
  });
  const add = (due: number): Handle => {
    const handle = { name: "call", due, slot: -1 };
    queue.add(handle, due, () => {});
    return handle;
  };
  const staying = Array.from({ length: 1000 }, (_, i) => add(1e6 + i));
  for (let i = 0; i < 50_000; i++) queue.remove(add(i).slot);
  // These are gone by their time coming, not by a sweep.
  for (let i = 0; i < 50_000; i++) {
    queue.remove(add(i).slot);
    queue.nextDue();
  }
  for (const { slot } of staying) queue.remove(slot);
  assertLess(told, 2 * queue.added);
});

// The model is a list, sorted when it is looked at.

interface ModelCall {
  readonly handle: Handle;
  readonly order: number;
  due: number;
}

class AddCommand implements fc.Command<ModelCall[], QueueBed> {
  constructor(readonly due: number) {}
  check = (): boolean => true;
  run(model: ModelCall[], fixture: QueueBed): void {
    const order = fixture.queue.added;
    model.push({ handle: fixture.add(`${order}`, this.due), order, due: this.due });
  }
  toString = (): string => `add(${this.due})`;
}

class RemoveCommand implements fc.Command<ModelCall[], QueueBed> {
  constructor(readonly which: number) {}
  check = (model: readonly ModelCall[]): boolean => model.length > 0;
  run(model: ModelCall[], fixture: QueueBed): void {
    const [removed] = model.splice(this.which % model.length, 1);
    if (removed !== undefined) fixture.queue.remove(removed.handle.slot);
  }
  toString = (): string => `remove(${this.which})`;
}

class MoveCommand implements fc.Command<ModelCall[], QueueBed> {
  constructor(readonly which: number, readonly due: number) {}
  check = (model: readonly ModelCall[]): boolean => model.length > 0;
  run(model: ModelCall[], fixture: QueueBed): void {
    const moved = model[this.which % model.length];
    if (moved === undefined) return;
    moved.due = this.due;
    fixture.move(moved.handle, this.due);
  }
  toString = (): string => `move(${this.which}, ${this.due})`;
}

class NextCommand implements fc.Command<ModelCall[], QueueBed> {
  check = (): boolean => true;
  run(model: ModelCall[], fixture: QueueBed): void {
    model.sort((a, b) => a.due - b.due || a.order - b.order);
    const first = model.shift();
    assertEquals(fixture.next(), [first?.handle.name, first?.due ?? Infinity]);
  }
  toString = (): string => "next()";
}

class LookCommand implements fc.Command<ModelCall[], QueueBed> {
  check = (): boolean => true;
  run(model: ModelCall[], { queue }: QueueBed): void {
    const earliest = Math.min(Infinity, ...model.map(({ due }) => due));
    assertLessOrEqual(queue.nothingBefore, earliest);
    assertEquals(queue.nextDue(), earliest);
    const names = queue.handles().map(({ name }) => name);
    assertEquals(names.sort(), model.map(({ handle }) => handle.name).sort());
    assertLessOrEqual(queue.size, 2 * model.length + 66);
  }
  toString = (): string => "look";
}

Deno.test("Whatever is done to it, the queue is the same as a sorted list", () => {
  // Few moments, so that many calls are due at once; and most runs are long enough for sweeps.
  const due = fc.integer({ min: 0, max: 20 });
  const which = fc.nat({ max: 1000 });
  const add = due.map((due) => new AddCommand(due));
  const remove = which.map((which) => new RemoveCommand(which));
  const move = fc.tuple(which, due).map(([which, due]) => new MoveCommand(which, due));
  const next = fc.constant(new NextCommand());
  const commands = [
    add,
    add,
    add,
    add,
    remove,
    remove,
    move,
    move,
    next,
    fc.constant(new LookCommand()),
  ];
  fc.assert(
    fc.property(fc.commands(commands, { maxCommands: 1500, size: "max" }), (commands) => {
      fc.modelRun(() => ({ model: [], real: new QueueBed() }), [...commands, new LookCommand()]);
    }),
    { seed: 20260803, numRuns: 100 },
  );
});
