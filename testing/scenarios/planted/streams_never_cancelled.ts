/**
 * A planted bug: a server that leaves the stream of a response open when the connection is lost.
 *
 * @module
 */

import { BodySender } from "../../../protocol/http/body_sender.ts";
import { patchClass } from "./patch_class.ts";

/** Plants the bug in all servers, until the result is disposed. */
export function plant(): Disposable {
  return patchClass(BodySender.prototype, { stop(): void {} });
}
