/**
 * A queue of items that are not due soon, which is only roughly sorted.
 *
 * @module
 */

/** What a wheel reads and writes of its items. */
export interface TimerWheelAccess<T> {
  /** Returns the time at which an item is due, in ticks. It may become later, but not earlier. */
  ticksOf(item: T): number;
  /** Stores the place of an item, by which it is removed: a bucket, and the index in it. */
  setPlace(item: T, bucket: number, index: number): void;
}

/** The ticks of a span, the unit of the wheel. */
const SPAN = 2 ** 16;
// A bucket of level 0 has the items of one span. A bucket of each further level has the items of 16
// times as many spans. The last bucket has the items after those of the last level.
const FANOUT = 16;
const LEVELS = 6;

/** The number of buckets. */
export const BUCKETS = LEVELS * FANOUT + 1;

/**
 * A hierarchical timing wheel (Varghese and Lauck, 1987): the items are in buckets, and a bucket of
 * later items covers a longer time. Adding and removing an item take O(1) time, and write to at
 * most one other item.
 *
 * The wheel has the items whose span has not begun. When the time reaches a bucket, its items move
 * to buckets of lower levels, or leave the wheel.
 */
export class TimerWheel<T> {
  readonly #access: TimerWheelAccess<T>;
  readonly #buckets: T[][] = Array.from({ length: BUCKETS }, () => []);
  /** By bucket: a time in ticks before which none of its items is due. */
  readonly #earliest = new Float64Array(BUCKETS).fill(Infinity);
  /** The current span. */
  #now = 0;
  #size = 0;

  constructor(access: TimerWheelAccess<T>) {
    this.#access = access;
  }

  /** The number of items. */
  get size(): number {
    return this.#size;
  }

  /** Returns the items, in no particular order. */
  items(): T[] {
    return this.#buckets.flat();
  }

  /**
   * Returns a time in ticks before which no item is due; Infinity if there are no items. An item is
   * due at that time, unless it has been removed or postponed.
   */
  earliest(): number {
    let earliest = Infinity;
    if (this.#size > 0) {
      for (const ticks of this.#earliest) {
        earliest = Math.min(earliest, ticks);
      }
    }
    return earliest;
  }

  /** Returns whether an item belongs in the wheel, because its span has not begun. */
  accepts(ticks: number): boolean {
    return spanOf(ticks) > this.#now;
  }

  /** Adds an item that the wheel accepts. */
  add(item: T, ticks: number): void {
    const bucket = this.#bucketOf(ticks);
    const items = this.#itemsOf(bucket);
    this.#access.setPlace(item, bucket, items.push(item) - 1);
    this.#earliest[bucket] = Math.min(ticks, this.#earliestOf(bucket));
    this.#size++;
  }

  /** Removes the item in a place. The last item of the bucket takes the place. */
  remove(bucket: number, index: number): void {
    const items = this.#itemsOf(bucket);
    // The bucket has the item to remove.
    const last = items.pop() as T;
    this.#size--;
    if (index < items.length) {
      items[index] = last;
      this.#access.setPlace(last, bucket, index);
    } else if (items.length === 0) {
      this.#earliest[bucket] = Infinity;
    }
  }

  /**
   * Moves the time forward.
   *
   * @param ticks The time. An earlier time than before has no effect.
   * @param release Receives each item whose span has begun. The item is no longer in the wheel.
   */
  advance(ticks: number, release: (item: T, ticks: number) => void): void {
    const span = spanOf(ticks);
    if (span <= this.#now) return;
    this.#now = span;
    if (this.#size === 0) return;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      if (!this.accepts(this.#earliestOf(bucket))) this.#sort(bucket, release);
    }
  }

  /** Moves the items of a bucket to others, or out of the wheel. */
  #sort(bucket: number, release: (item: T, ticks: number) => void): void {
    const items = this.#itemsOf(bucket);
    this.#buckets[bucket] = [];
    this.#earliest[bucket] = Infinity;
    this.#size -= items.length;
    for (const item of items) {
      const ticks = this.#access.ticksOf(item);
      if (this.accepts(ticks)) this.add(item, ticks);
      else release(item, ticks);
    }
  }

  /** Returns the bucket of the lowest level whose period, of 16 buckets, includes both times. */
  #bucketOf(ticks: number): number {
    let block = spanOf(ticks);
    let now = this.#now;
    for (let level = 0; level < LEVELS; level++) {
      const period = Math.floor(block / FANOUT);
      now = Math.floor(now / FANOUT);
      if (period === now) return level * FANOUT + (block - period * FANOUT);
      block = period;
    }
    return BUCKETS - 1;
  }

  // Every bucket is in range, which the types cannot express.

  #itemsOf(bucket: number): T[] {
    return this.#buckets[bucket] as T[];
  }

  #earliestOf(bucket: number): number {
    return this.#earliest[bucket] as number;
  }
}

function spanOf(ticks: number): number {
  return Math.floor(ticks / SPAN);
}
