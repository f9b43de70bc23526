import {
  addObserver,
  type AddObserverOptions,
  eventText,
  type LogEvent,
  type LogObserver,
} from "../log/mod.ts";

/** The part of a `LogPublisher` that an {@linkcode EventLoggingObserver} needs. */
export interface ObservablePublisher {
  /** Adds an observer, and returns an object that removes it. */
  addObserver(observer: LogObserver, options?: AddObserverOptions): Disposable;
}

/** Options of {@linkcode EventLoggingObserver.createWithCleanup}. */
export interface EventLoggingObserverOptions extends Pick<AddObserverOptions, "level"> {
  /**
   * The publisher to observe.
   *
   * @default {globalLogPublisher} The log of the process.
   */
  publisher?: ObservablePublisher | undefined;
}

/**
 * A log observer that stores events for a test. Twisted's `EventLoggingObserver`.
 *
 * It is a read-only sequence of the events, in the order in which they were logged.
 *
 * @example
 * ```ts
 * import * as log from "@torsion/reactor/log";
 * import { EventLoggingObserver } from "@torsion/reactor/testing";
 *
 * using events = EventLoggingObserver.createWithCleanup({ level: "warn" });
 * log.msg("Not stored.");
 * log.warn("Disk almost full.", { bytesFree: 1024 });
 * console.log(events.length, events.at(0)?.message); // 1 Disk almost full.
 * ```
 */
export class EventLoggingObserver implements Iterable<LogEvent>, Disposable {
  readonly #events: LogEvent[] = [];
  #observing: Disposable | null = null;

  /** Stores an event. It is the function to pass to `addObserver()`, and needs no `this`. */
  readonly observe: LogObserver = (event) => {
    this.#events.push(event);
  };

  /**
   * Creates an observer that observes a publisher until it is disposed of. In Twisted, a test case
   * does that in its cleanup.
   *
   * Events from before this call are not stored.
   *
   * @param options The publisher, and the lowest level of the events.
   * @returns The observer: `using events = EventLoggingObserver.createWithCleanup()`.
   */
  static createWithCleanup(options: EventLoggingObserverOptions = {}): EventLoggingObserver {
    const { publisher = { addObserver }, level } = options;
    const observer = new EventLoggingObserver();
    observer.#observing = publisher.addObserver(observer.observe, { level, replay: false });
    return observer;
  }

  /** The number of events. */
  get length(): number {
    return this.#events.length;
  }

  /** The text of each event, as `eventText()` returns it. Twisted has no equivalent. */
  get texts(): string[] {
    return this.#events.map(eventText);
  }

  /**
   * Returns an event.
   *
   * @param index The index of the event. A negative index counts from the end.
   * @returns The event, or `undefined` if there is no event with that index.
   */
  at(index: number): LogEvent | undefined {
    return this.#events.at(index);
  }

  /** Iterates over the events. */
  [Symbol.iterator](): IterableIterator<LogEvent> {
    return this.#events.values();
  }

  /** Stops observing. The events stay. Does nothing if `addObserver()` was called directly. */
  [Symbol.dispose](): void {
    this.#observing?.[Symbol.dispose]();
    this.#observing = null;
  }
}
