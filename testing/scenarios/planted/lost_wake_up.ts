/**
 * A planted bug: a connection does not resume its producer if the last bytes of the write buffer
 * are the rest of a write that the system has taken in parts.
 *
 * @module
 */

import { Connection } from "../../../reactor/stream/connection.ts";
import { ProducerRegistration } from "../../../reactor/stream/producer_registration.ts";
import { WriteBuffer } from "../../../reactor/stream/write_buffer.ts";
import { patchClass } from "./patch_class.ts";

/** Plants the bug in all connections, until the result is disposed. */
export function plant(): Disposable {
  using stack = new DisposableStack();
  const { head, consume } = WriteBuffer.prototype;
  const { wrote } = Connection.prototype;
  const { resume } = ProducerRegistration.prototype;
  const inFlight = new WeakMap<WriteBuffer, number>();
  const divided = new WeakSet<WriteBuffer>();
  let isRest = false;
  stack.use(patchClass(WriteBuffer.prototype, {
    head(): Uint8Array {
      const bytes = head.call(this);
      inFlight.set(this, bytes.length);
      return bytes;
    },
    consume(count): (() => void) | null {
      isRest = divided.delete(this);
      if (count < (inFlight.get(this) ?? 0)) divided.add(this);
      return consume.call(this, count);
    },
  }));
  stack.use(patchClass(Connection.prototype, {
    wrote(count): void {
      wrote.call(this, count);
      isRest = false;
    },
  }));
  stack.use(patchClass(ProducerRegistration.prototype, {
    resume(): void {
      if (!isRest) resume.call(this);
    },
  }));
  return stack.move();
}
