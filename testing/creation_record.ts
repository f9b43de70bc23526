/**
 * What a test has made, and which of it is left.
 *
 * @module
 */

import type {
  CreationTracker,
  ResourceRegistry,
  RunningState,
  TimedCallQueue,
} from "../internal/creation_tracker.ts";
import { classNameOf } from "../defer/guarded_call.ts";
import { descriptionOf } from "../reactor/lifecycle/description_of.ts";

/** An object that holds a call stack, which the engine turns into text when it is first read. */
interface Place {
  stack: string;
}

const ROOT = new URL("../", import.meta.url).href;
/** The files of the library, as paths from its root: the tests among them are user code. */
const LIBRARY =
  /^(?:(?:internal|log|defer|reactor|task|protocol|endpoints)\/.*|testing\/[^/]*)(?<!_test)\.ts/;

/** Records the timed calls, ports, connections and reactors that are made. */
export class CreationRecord implements CreationTracker {
  readonly #places = new WeakMap<object, Place>();
  readonly #makers = new WeakMap<object, object>();
  readonly #queues = new Set<TimedCallQueue>();
  readonly #registries = new Set<ResourceRegistry>();
  readonly #reactors = new Set<RunningState>();

  timedCall(queue: TimedCallQueue, call: object): void {
    this.#queues.add(queue);
    this.#note(call);
  }

  resource(registry: ResourceRegistry, resource: object, maker?: object): void {
    this.#registries.add(registry);
    if (maker !== undefined) this.#makers.set(resource, maker);
    this.#note(resource);
  }

  maker(maker: object): void {
    this.#note(maker);
  }

  reactor(reactor: RunningState): void {
    this.#reactors.add(reactor);
    this.#note(reactor);
  }

  /**
   * Returns the place where an object was made. Connections are made by the event loop, so the
   * place of their port or connector is more useful.
   */
  placeOf(made: object): readonly string[] {
    const maker = this.#makers.get(made);
    const place = (maker && this.#places.get(maker)) ?? this.#places.get(made);
    return userFramesOf(place?.stack ?? "");
  }

  /** Returns a description of each object that is left, with the place where it was made. */
  left(): string[] {
    return [
      ...[...this.#reactors].filter(({ running }) => running)
        .map((reactor) =>
          `${classNameOf(reactor)} is running, started ${this.#textOfPlace(reactor)}`
        ),
      ...this.#madeOf([...this.#registries].flatMap((registry) => registry.list()))
        .map((resource) =>
          `${descriptionOf(resource)} is open, made ${this.#textOfPlace(resource)}`
        ),
      ...this.#madeOf([...this.#queues].flatMap((queue) => queue.pending()))
        .map((call) => `${descriptionOf(call)} is pending, made ${this.#textOfPlace(call)}`),
    ];
  }

  #note(made: object): void {
    if (this.#places.has(made)) return;
    const place: Place = { stack: "" };
    Error.captureStackTrace(place, this.#note);
    this.#places.set(made, place);
  }

  /** Returns the objects that were made during the test. */
  #madeOf(objects: readonly object[]): object[] {
    return objects.filter((each) => this.#places.has(each));
  }

  #textOfPlace(made: object): string {
    return `at:\n${this.placeOf(made).join("\n")}`;
  }
}

/**
 * Returns the lines of a call stack from the first one that is not the library's. If the library's
 * event loop has made the call, all lines are returned.
 */
function userFramesOf(stack: string): string[] {
  // The first line of the stack describes the object that holds it. The last ones are those of the
  // wrapper and of the test runner.
  const lines = stack.split("\n").slice(1);
  const end = lines.findIndex((line) => /\/testing\/check_clean\.ts:|\bext:/.test(line));
  const frames = end < 0 ? lines : lines.slice(0, end);
  return frames.slice(Math.max(0, frames.findIndex((line) => !isLibrary(line))));
}

function isLibrary(frame: string): boolean {
  const start = frame.indexOf(ROOT);
  return start >= 0 && LIBRARY.test(frame.slice(start + ROOT.length)) ||
    frame.includes("<anonymous>");
}
