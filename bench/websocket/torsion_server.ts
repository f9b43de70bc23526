/**
 * An echo server on this library, for `websocket.ts`.
 *
 * @module
 */

import { WebSocketFactory, WebSocketProtocol } from "../../protocol/websocket/mod.ts";
import { reactor } from "../../reactor/mod.ts";

class Echo extends WebSocketProtocol {
  override messageReceived(data: string | Uint8Array): void {
    this.send(data);
  }
}

const port = reactor.listenTCP(Number(Deno.args[0]), new WebSocketFactory(() => new Echo()));
reactor.callWhenRunning(() => console.log(`listening on ${port.getHost().port}`));
await reactor.run();
