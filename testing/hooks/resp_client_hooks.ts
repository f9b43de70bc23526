/**
 * The hooks of a client of RESP: readers of replies, and receivers of messages and pushes.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { RESPClient, RESPClientFactory, type RESPClientOptions } from "../../protocol/resp/mod.ts";
import { IPv4Address } from "../../reactor/mod.ts";
import { Clock } from "../../task/mod.ts";
import { connectProtocol, type ProtocolFixture } from "../fixtures/protocol_fixture.ts";
import type { Case, Hook } from "./hook.ts";

/** A confirmation of a subscription, and a message. */
const CONFIRMATION = ">3\r\n+subscribe\r\n+news\r\n:1\r\n";
const MESSAGE = ">3\r\n+message\r\n+news\r\n$1\r\nx\r\n";

const newClient = (options: Partial<RESPClientOptions> = {}): RESPClient =>
  new RESPClient({ clock: new Clock(), heartbeat: null, ...options });

/** Connects a client, lets the server send text, and checks that the connection stays open. */
async function receive(
  client: RESPClient,
  text: string,
  use: (fixture: ProtocolFixture<RESPClient>) => void = () => {},
): Promise<void> {
  using fixture = connectProtocol(client);
  use(fixture);
  fixture.peer.send(text);
  await fixture.settle();
  // A hook that failed has closed nothing: the next reply arrives.
  const pong = client.command(["PING"]);
  fixture.peer.send("+PONG\r\n");
  await fixture.settle();
  assertEquals(await pong, "PONG");
  client.transport.abortConnection();
  await fixture.settle();
}

/** Subscribes on two connections of a factory. */
async function resubscribe({ act }: Case): Promise<void> {
  const clock = new Clock();
  const factory = new RESPClientFactory({ clock, heartbeat: null, version: 2 });
  const subscribing = factory.subscribe("news", { message: () => {}, resubscribed: act });
  for (let i = 0; i < 2; i++) {
    const client = factory.buildProtocol(new IPv4Address("TCP", "192.0.2.1", 6379));
    await receive(client, CONFIRMATION, () => void client.prepare());
  }
  (await subscribing).close();
}

export const RESP_CLIENT_HOOKS: readonly Hook[] = [
  {
    name: "read",
    documented: ["CommandOptions.read"],
    reports: "caller",
    run: async ({ act, received }) => {
      const client = newClient();
      await receive(client, "+OK\r\n", () => {
        client.command(["GET", "a"], { read: act }).addErrback(received);
      });
    },
    refuses: {
      option: "command() read",
      give: (read) => newClient().command(["GET", "a"], { read }),
    },
  },
  {
    name: "message",
    documented: ["SubscribeOptions.message"],
    run: ({ act }) => {
      const client = newClient();
      return receive(client, CONFIRMATION + MESSAGE, () => {
        client.subscribe("news", { message: act });
      });
    },
    refuses: {
      option: "subscribe() message",
      give: (message) => newClient().subscribe("news", { message }),
    },
  },
  {
    name: "resubscribed",
    documented: ["SubscribeOptions.resubscribed"],
    run: resubscribe,
    refuses: {
      option: "subscribe() resubscribed",
      give: (resubscribed) => newClient().subscribe("news", { resubscribed }),
    },
  },
  {
    name: "push",
    where: "of a RESPClient",
    documented: ["RESPClientOptions.push"],
    run: ({ act }) => receive(newClient({ push: act }), ">1\r\n+invalidate\r\n"),
    refuses: {
      option: "RESPClient() push",
      give: (push) => newClient({ push }),
    },
  },
];
