/**
 * A node of examples/cluster_chat/, without a balancer in front of it.
 *
 * Usage: `deno run -A bench/servers/chat_node.ts PORT alone|BROKER`
 *
 * @module
 */

import { busFromString } from "../../examples/cluster_chat/brokers.ts";
import { type Bus, KEPT, type Subscriber } from "../../examples/cluster_chat/bus.ts";
import { ChatFactory, Room } from "../../examples/cluster_chat/room.ts";
import { type Deferred, DenoReactor, succeed } from "../../mod.ts";

/** The bus of a chat that has one node: nothing keeps the messages. */
class LocalBus implements Bus {
  readonly #subscriber: Subscriber;
  #number = 0;

  constructor(subscriber: Subscriber) {
    this.#subscriber = subscriber;
    subscriber.restored(true, 0);
  }

  publish(text: string): Deferred<number> {
    const number = ++this.#number;
    this.#subscriber.received({ number, text });
    return succeed(number);
  }
}

const [port, broker = "alone"] = Deno.args;
const reactor = new DenoReactor();
const room = new Room(KEPT);
const running = reactor.run();
let bus: Bus;
if (broker === "alone") bus = new LocalBus(room);
else {
  const connected = await busFromString(reactor, broker, room);
  connected.startService();
  await connected.whenConnected();
  bus = connected;
}
const listening = reactor.listenTCP(Number(port), new ChatFactory(room, bus), {
  interface: "127.0.0.1",
});
console.log(`listening on ${listening.getHost().port}`);
await running;
