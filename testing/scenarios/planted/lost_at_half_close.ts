/**
 * A planted bug: a connection that closes its writing side takes the last write for complete, also
 * if the system has taken only a part of its bytes.
 *
 * @module
 */

import { Connection } from "../../../reactor/stream/connection.ts";
import { WriteBuffer } from "../../../reactor/stream/write_buffer.ts";
import { patchClass } from "./patch_class.ts";

/** Plants the bug in all connections, until the result is disposed. */
export function plant(): Disposable {
  using stack = new DisposableStack();
  const { head, consume } = WriteBuffer.prototype;
  const { loseWriteConnection, wrote } = Connection.prototype;
  const inFlight = new WeakMap<WriteBuffer, number>();
  const closing = new WeakSet<Connection>();
  let isClosing = false;
  stack.use(patchClass(WriteBuffer.prototype, {
    head(): Uint8Array {
      const bytes = head.call(this);
      inFlight.set(this, bytes.length);
      return bytes;
    },
    consume(count): (() => void) | null {
      const flushed = consume.call(this, isClosing ? inFlight.get(this) ?? count : count);
      isClosing = false;
      return flushed;
    },
  }));
  stack.use(patchClass(Connection.prototype, {
    loseWriteConnection(): void {
      closing.add(this);
      loseWriteConnection.call(this);
    },
    wrote(count): void {
      isClosing = closing.has(this);
      wrote.call(this, count);
    },
  }));
  return stack.move();
}
