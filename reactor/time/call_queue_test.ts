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
  const bed = new QueueBed();
  bed.add("c", 2);
  bed.add("a", 1);
  bed.add("d", 2);
  bed.add("b", 1);
  assertEquals([bed.queue.nextDue(), bed.queue.nextOrder], [1, 1]);
  assertEquals(bed.drain(), ["a", "b", "c", "d"]);
});

Deno.test("A call that was taken or removed is in the queue no more, and its slot is another's", () => {
  const bed = new QueueBed();
  const taken = bed.add("taken", 1);
  const removed = bed.add("removed", 2);
  assert(bed.isIn(taken) && bed.isIn(removed));
  assertEquals(bed.next(), ["taken", 1]);
  bed.queue.remove(removed.slot);
  assertEquals(bed.queue.nextDue(), Infinity);
  assert(!bed.isIn(taken) && !bed.isIn(removed));
  const next = bed.add("next", 3);
  assert(next.slot === taken.slot || next.slot === removed.slot);
  assert(bed.isIn(next) && !bed.isIn(taken) && !bed.isIn(removed));
  assertEquals(bed.queue.handles(), [next]);
});

Deno.test("A call that was put off comes at its new time, also when it was on top", () => {
  const bed = new QueueBed();
  const first = bed.add("first", 1);
  bed.add("second", 2);
  const third = bed.add("third", 3);
  bed.move(first, 2.5);
  bed.move(third, 4);
  assertEquals(bed.next(), ["second", 2]);
  assertEquals(bed.next(), ["first", 2.5]);
  assertEquals(bed.next(), ["third", 4]);
});

Deno.test("A call that was put off and then moved back, not all the way, comes at that time", () => {
  const bed = new QueueBed();
  const call = bed.add("call", 1);
  bed.add("other", 5);
  bed.move(call, 9);
  bed.move(call, 3);
  assertEquals([bed.next(), bed.next()], [["call", 3], ["other", 5]]);
  assertEquals(bed.queue.nextDue(), Infinity);
});

Deno.test("A call that is brought forward comes once, at its new time, and keeps its turn among equals", () => {
  const bed = new QueueBed();
  bed.add("a", 1);
  const b = bed.add("b", 5);
  bed.add("c", 1);
  bed.move(b, 1);
  assertEquals(bed.drain(), ["a", "b", "c"]);
});

Deno.test("A call put off to a time at which others are due keeps its turn among them", () => {
  const bed = new QueueBed();
  const a = bed.add("a", 1);
  bed.add("b", 2);
  bed.move(a, 2);
  bed.add("c", 2);
  assertEquals(bed.drain(), ["a", "b", "c"]);
});

Deno.test("bringForward() of a call that is not in the queue does nothing", () => {
  const bed = new QueueBed();
  const call = bed.add("call", 1);
  bed.next();
  bed.move(call, 0);
  assertEquals([bed.queue.nextDue(), bed.queue.size], [Infinity, 0]);
});

Deno.test("A queue does not keep what a cancelled call would have called", () => {
  const bed = new QueueBed();
  const call = bed.add("call", 1);
  bed.queue.remove(call.slot);
  assertEquals(bed.queue.find(call, call.slot), null);
  assertEquals(bed.queue.handles(), []);
});

Deno.test("100,000 rounds of adding and removing leave the queue small, also among calls that stay", () => {
  for (const staying of [0, 1, 1000]) {
    const bed = new QueueBed();
    for (let i = 0; i < staying; i++) bed.add("staying", 1e6 + i);
    let largest = 0;
    for (let i = 0; i < 100_000; i++) {
      bed.queue.remove(bed.add("cancelled", 60 + i).slot);
      largest = Math.max(largest, bed.queue.size);
    }
    assertLessOrEqual(largest, 2 * staying + 70);
    assertEquals(bed.queue.handles().length, staying);
  }
});

Deno.test("100,000 calls that are added and then all cancelled leave an empty queue", () => {
  const bed = new QueueBed();
  const calls = Array.from({ length: 100_000 }, (_, i) => bed.add("cancelled", i % 977));
  for (const { slot } of calls) bed.queue.remove(slot);
  assertLessOrEqual(bed.queue.size, 65);
  assertEquals(bed.queue.nextDue(), Infinity);
  assertEquals(bed.queue.size, 0);
});

Deno.test("100,000 times put off is one place in the queue; brought forward, it is a few", () => {
  const bed = new QueueBed();
  const call = bed.add("call", 1e9);
  for (let i = 0; i < 100_000; i++) bed.move(call, 1e9 + i);
  assertEquals(bed.queue.size, 1);
  for (let i = 0; i < 100_000; i++) bed.move(call, 1e9 - i);
  assertLess(bed.queue.size, 70);
  assertEquals(bed.next(), ["call", 1e9 - 99_999]);
  assertEquals(bed.queue.nextDue(), Infinity);
});

Deno.test("A queue that was long once makes its slots few again", () => {
  const bed = new QueueBed();
  for (let i = 0; i < 10_000; i++) bed.add("call", i);
  const last = bed.add("last", 1e9);
  for (let i = 0; i < 10_000; i++) bed.next();
  assertEquals(bed.queue.handles(), [last]);
  assertLess(last.slot, 70);
  assertLess(bed.add("another", 2e9).slot, 70);
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
  run(model: ModelCall[], bed: QueueBed): void {
    const order = bed.queue.added;
    model.push({ handle: bed.add(`${order}`, this.due), order, due: this.due });
  }
  toString = (): string => `add(${this.due})`;
}

class RemoveCommand implements fc.Command<ModelCall[], QueueBed> {
  constructor(readonly which: number) {}
  check = (model: readonly ModelCall[]): boolean => model.length > 0;
  run(model: ModelCall[], bed: QueueBed): void {
    const [removed] = model.splice(this.which % model.length, 1);
    if (removed !== undefined) bed.queue.remove(removed.handle.slot);
  }
  toString = (): string => `remove(${this.which})`;
}

class MoveCommand implements fc.Command<ModelCall[], QueueBed> {
  constructor(readonly which: number, readonly due: number) {}
  check = (model: readonly ModelCall[]): boolean => model.length > 0;
  run(model: ModelCall[], bed: QueueBed): void {
    const moved = model[this.which % model.length];
    if (moved === undefined) return;
    moved.due = this.due;
    bed.move(moved.handle, this.due);
  }
  toString = (): string => `move(${this.which}, ${this.due})`;
}

class NextCommand implements fc.Command<ModelCall[], QueueBed> {
  check = (): boolean => true;
  run(model: ModelCall[], bed: QueueBed): void {
    model.sort((a, b) => a.due - b.due || a.order - b.order);
    const first = model.shift();
    assertEquals(bed.next(), [first?.handle.name, first?.due ?? Infinity]);
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
