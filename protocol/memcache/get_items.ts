import { type Deferred, FirstError, gatherResults, succeed } from "../../defer/mod.ts";
import { quote } from "../../internal/foreign_value.ts";
import type { RequestOptions } from "../pending_requests.ts";
import { type ItemSelector, readItems } from "./answer_readers.ts";
import { lengthOfKey } from "./check_arguments.ts";
import { ClientError } from "./errors.ts";
import { Exchange } from "./exchange.ts";
import type { ExchangeQueue } from "./exchange_queue.ts";

/** The greatest length of a line that every server and proxy accepts, in bytes. */
const MAX_LINE = 2048;
const LINE_END = 2;

/** Returns the keys, each once. */
export function distinctKeys(keys: Iterable<string>): string[] {
  // A string is iterable, too: its characters would be the keys.
  if (typeof keys !== "object" || keys === null || !(Symbol.iterator in keys)) {
    throw new ClientError(
      `Cannot use the keys ${quote(keys)}: they must be an array or another iterable of strings`,
    );
  }
  return [...new Set(keys)];
}

/** Requests the items of several keys, in as many commands as their lines require. */
export function getItems<T>(
  queue: ExchangeQueue,
  command: "get" | "gets",
  keys: readonly string[],
  select: ItemSelector<T>,
  options: RequestOptions,
): Deferred<Map<string, T>> {
  const found = new Map<string, T>();
  const requests = linesOf(command, keys).map((keys) => {
    const exchange = new Exchange(`${command} ${keys.join(" ")}`, readItems(keys, select, found));
    return queue.request(exchange, options);
  });
  if (requests.length === 0) return succeed(found);
  return gatherResults(requests, { consumeErrors: true })
    .addErrback((error) => {
      // Those that still wait are not sent any more.
      for (const request of requests) request.cancel();
      throw error instanceof FirstError ? error.subFailure : error;
    })
    .addCallback(() => found);
}

/** Distributes keys over lines. */
function linesOf(command: string, keys: readonly string[]): string[][] {
  const lines: string[][] = [];
  let size = Infinity;
  for (const key of keys) {
    const added = 1 + lengthOfKey(key);
    if (size + added > MAX_LINE) {
      lines.push([]);
      size = command.length + LINE_END;
    }
    lines.at(-1)?.push(key);
    size += added;
  }
  return lines;
}
