/**
 * An echo server over WebSocket on this library.
 *
 * Usage: `deno run -A bench/servers/torsion_websocket_server.ts PORT REACTOR`
 *
 * @module
 */

import { WebSocketFactory, WebSocketProtocol } from "../../protocol/websocket/mod.ts";
import { reactorOf } from "../host_reactors.ts";

class Echo extends WebSocketProtocol {
  override messageReceived(data: string | Uint8Array): void {
    this.send(data);
  }
}

const [number, name] = Deno.args;
const reactor = reactorOf(name);
const port = reactor.listenTCP(Number(number), new WebSocketFactory(() => new Echo()));
reactor.callWhenRunning(() => console.log(`listening on ${port.getHost().port}`));
await reactor.run();
