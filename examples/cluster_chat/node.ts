/**
 * One node of a chat that runs on many machines, behind HAProxy. Its rooms are connected by Redis
 * or NATS.
 *
 *     deno run --allow-net examples/cluster_chat/node.ts
 *
 * Try it: start `redis-server --appendonly yes --appendfsync always`; three nodes, with the
 * arguments `2001 3001`, `2002 3002` and `2003 3003`; and
 * `haproxy -f examples/cluster_chat/haproxy.cfg`. Run `nc 127.0.0.1 2000` in several terminals. A
 * line that is typed in one appears in all of them, with its number. Its sender reads
 * `* Sent as …` when Redis has it, and `* Not sent: …` if it was refused. A client that connects
 * again and types its name and the last number that it read, such as `Ann 1796132345001`, gets the
 * messages in between; `/newest` prints the number of the newest one. Stop a node with Ctrl-C:
 * HAProxy sends it no more clients, and then the node asks its own to connect again. Stop Redis:
 * all clients learn that the room is cut off. Do the same with NATS: start
 * `nats-server --jetstream --store_dir chat`, and give the nodes a third argument,
 * `nats:tcp:127.0.0.1:4222`. Each broker keeps its messages in the folder in which it was started.
 *
 * Arguments: the port for HAProxy, the port for its health checks, and the broker with its endpoint
 * (`redis:tcp:127.0.0.1:6379`).
 */

import { log, reactor, StreamServerEndpointService, TCP4ServerEndpoint } from "@torsion/reactor";
import { proxyEndpoint } from "@torsion/reactor/proxy_protocol";
import { busFromString } from "./brokers.ts";
import { KEPT } from "./bus.ts";
import { Health } from "./health.ts";
import { ChatFactory, Room } from "./room.ts";

const [port = "2001", healthPort = "3001", broker = "redis:tcp:127.0.0.1:6379"] = Deno.args;
// Seconds for HAProxy to ask, and for clients to leave.
const NOTICE = 5;
const DRAIN = 10;
// HAProxy runs on this machine. On many machines, this is the node's own address.
const address = { interface: "127.0.0.1" };

log.startLogging(Deno.stdout);
const room = new Room(KEPT);
const bus = await busFromString(reactor, broker, room);

// Only HAProxy may say who a client is. A client that does not read is aborted before pending lines
// fill the memory.
const chat = new StreamServerEndpointService(
  proxyEndpoint(
    new TCP4ServerEndpoint(reactor, Number(port), { ...address, writeBufferLimit: 1_000_000 }),
    { trustedSources: ["127.0.0.1"] },
  ),
  new ChatFactory(room, bus),
  { drain: DRAIN, raiseSynchronously: true },
);
const health = new Health();
const answers = new StreamServerEndpointService(
  new TCP4ServerEndpoint(reactor, Number(healthPort), address),
  health,
  { drain: 1, raiseSynchronously: true },
);

bus.startService();
// A node without the messages would be of no use to its clients.
bus.whenConnected().addCallbacks(() => {
  chat.startService();
  answers.startService();
  log.msg("The node is ready");
}, () => {}) // stopped before
  .addErrback((error) => {
    console.error(error.message);
    Deno.exit(1);
  });

reactor.addSystemEventTrigger("before", "shutdown", async () => {
  await health.leave(reactor, NOTICE);
  await chat.stopService();
  await bus.stopService();
  await answers.stopService();
});
await reactor.run();
