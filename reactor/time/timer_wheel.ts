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
// When an item is added, a bucket above level 0 covers less than a third of the time until the
// bucket begins. The shorter a bucket, the fewer items move at once.
const LEVEL_BUCKETS = 64;

/** The number of buckets. */
export const BUCKETS = LEVELS * LEVEL_BUCKETS + 1;

// Stored in place of the first bucket.
const UNKNOWN = -1;

/**
 * A hierarchical timing wheel (Varghese and Lauck, 1987): the items are in buckets, and the later
 * they are due, the longer is the time that their bucket covers. To add or to remove an item is
 * O(1), and writes to at most one other item.
 *
 * The wheel has the items whose span has not begun. When the time reaches a bucket, its items move
 * to buckets of lower levels, or leave the wheel.
 */
export class TimerWheel<T> {
  readonly #access: TimerWheelAccess<T>;
  /** The items by bucket. The array of a bucket is created with its first item. */
  readonly #buckets: T[][] = new Array(BUCKETS);
  /** By bucket: a time in ticks before which none of its items is due. */
  readonly #earliest = new Float64Array(BUCKETS).fill(Infinity);
  /** The bucket with the least time in `#earliest`; UNKNOWN until it is searched. */
  #first = UNKNOWN;
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
    return this.#size === 0 ? Infinity : this.#earliestOf(this.#firstBucket());
  }

  /** Returns whether an item belongs in the wheel, because its span has not begun. */
  accepts(ticks: number): boolean {
    return spanOf(ticks) > this.#now;
  }

  /** Adds an item that the wheel accepts. */
  add(item: T, ticks: number): void {
    const bucket = this.#bucketOf(ticks);
    const items = this.#buckets[bucket] ??= [];
    this.#access.setPlace(item, bucket, items.push(item) - 1);
    this.#earliest[bucket] = Math.min(ticks, this.#earliestOf(bucket));
    if (this.#size++ === 0) this.#first = bucket;
    else if (this.#first !== UNKNOWN && ticks < this.#earliestOf(this.#first)) this.#first = bucket;
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
      this.#emptied(bucket);
    }
  }

  /**
   * Moves the time forward.
   *
   * @param ticks The time. An earlier time than before, or NaN, has no effect.
   * @param release Receives each item whose span has begun. The item is no longer in the wheel.
   */
  advance(ticks: number, release: (item: T, ticks: number) => void): void {
    const span = spanOf(ticks);
    if (!(span > this.#now)) return;
    this.#now = span;
    while (this.#size > 0 && !this.accepts(this.earliest())) {
      this.#sort(this.#firstBucket(), release);
    }
  }

  /** Moves the items of a bucket to others, or out of the wheel. */
  #sort(bucket: number, release: (item: T, ticks: number) => void): void {
    const items = this.#itemsOf(bucket);
    this.#buckets[bucket] = [];
    this.#emptied(bucket);
    this.#size -= items.length;
    for (const item of items) {
      const ticks = this.#access.ticksOf(item);
      if (this.accepts(ticks)) this.add(item, ticks);
      else release(item, ticks);
    }
  }

  /** Notes that a bucket has no items. */
  #emptied(bucket: number): void {
    this.#earliest[bucket] = Infinity;
    if (bucket === this.#first) this.#first = UNKNOWN;
  }

  /** Returns the bucket with the least time in `#earliest`. */
  #firstBucket(): number {
    if (this.#first !== UNKNOWN) return this.#first;
    let first = 0;
    for (let bucket = 1; bucket < BUCKETS; bucket++) {
      if (this.#earliestOf(bucket) < this.#earliestOf(first)) first = bucket;
    }
    return this.#first = first;
  }

  /** Returns the bucket of the lowest level that reaches from the current time to `ticks`. */
  #bucketOf(ticks: number): number {
    let block = spanOf(ticks);
    let now = this.#now;
    for (let level = 0; level < LEVELS; level++) {
      if (block - now < LEVEL_BUCKETS) return level * LEVEL_BUCKETS + block % LEVEL_BUCKETS;
      block = Math.floor(block / FANOUT);
      now = Math.floor(now / FANOUT);
    }
    return BUCKETS - 1;
  }

  // Every bucket is in range, which the types cannot express.

  /** Returns the items of a bucket that has had some. */
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
