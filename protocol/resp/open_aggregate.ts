import { exactText } from "../framing/byte_text.ts";
import { AttributedValue, type RESPMap, type RESPValue } from "./resp_value.ts";

/** The type of an aggregate. */
export type AggregateType = "array" | "map" | "set" | "push" | "attribute";

/** An aggregate whose elements have not all arrived. */
export class OpenAggregate {
  /** The type of the aggregate. */
  readonly type: AggregateType;
  /** The elements that have arrived. */
  readonly items: RESPValue[] = [];
  /** The number of elements that are missing; `Infinity` if it is not known. */
  remaining: number;
  /** The attributes of the next element. */
  attributes: RESPMap | null = null;

  constructor(type: AggregateType, remaining: number) {
    this.type = type;
    this.remaining = remaining;
  }

  /** Whether a streamed aggregate may end here. */
  get mayEnd(): boolean {
    const isWhole = this.type !== "map" || this.items.length % 2 === 0;
    return this.remaining === Infinity && this.attributes === null && isWhole;
  }

  /** Adds an element. */
  add(value: RESPValue): void {
    this.remaining--;
    const { attributes } = this;
    if (attributes === null) {
      this.items.push(value);
    } else {
      this.attributes = null;
      this.items.push(new AttributedValue(value, attributes));
    }
  }

  /** Returns the map of a complete map or attribute. */
  toMap(): RESPMap {
    const map: RESPMap = new Map();
    const { items } = this;
    for (let i = 1; i < items.length; i += 2) map.set(keyOf(items[i - 1]), items[i] ?? null);
    return map;
  }

  /** Returns the value of a complete array, map or set. */
  toValue(): RESPValue {
    if (this.type === "map") return this.toMap();
    return this.type === "set" ? new Set(this.items.map(keyOf)) : this.items;
  }
}

/** Returns a value that JavaScript compares as the protocol does, if there is one. */
function keyOf(value: RESPValue | undefined): RESPValue {
  if (value instanceof Uint8Array) return exactText(value) ?? value;
  return value ?? null;
}

/** Adds attributes to those that precede the same value. Returns all of them. */
export function joinAttributes(first: RESPMap | null, second: RESPMap): RESPMap {
  if (first === null) return second;
  // A new map for each attribute type would take quadratic time.
  for (const [key, value] of second) first.set(key, value);
  return first;
}
