// Tests the connection to NATS without a server. interop/nats_bus_test.ts has the real one.

import { assertEquals, assertRejects } from "@std/assert";
import { ConnectionDone, ConnectionLost } from "@torsion/reactor";
import { failureResultOf, StringTransport } from "@torsion/reactor/testing";
import { NotPublished } from "./bus.ts";
import { NATSLink } from "./nats_link.ts";

const INFO = `INFO {"server_id":"one","version":"2.9.10","headers":true,"max_payload":1048576}\r\n`;

/** Makes a connection, and counts how often it is lost. */
function connect(): { link: NATSLink; transport: StringTransport; losses: number[] } {
  const losses: number[] = [];
  const link = new NATSLink(() => losses.push(1));
  const transport = new StringTransport();
  link.makeConnection(transport);
  link.connectionMade();
  return { link, transport, losses };
}

Deno.test("NATSLink.follow() rejects when a server that never answers is given up", async () => {
  const { link, transport, losses } = connect();
  const following = link.follow(0, () => {});
  link.connectionLost(new ConnectionDone());
  await assertRejects(() => following);
  assertEquals([transport.value().length, losses.length], [0, 1]);
});

Deno.test("NATSLink.follow() rejects when the connection is lost after the greeting", async () => {
  const { link, losses } = connect();
  const following = link.follow(0, () => {});
  link.dataReceived(new TextEncoder().encode(INFO));
  link.connectionLost(new ConnectionLost());
  await assertRejects(() => following);
  assertEquals(losses.length, 1);
});

Deno.test("NATSLink.publish() refuses a message before follow() has resolved", () => {
  const { link } = connect();
  const error = failureResultOf(link.publish("hello"));
  assertEquals(error instanceof NotPublished && error.isUncertain, false);
  link.connectionLost(new ConnectionDone());
});

Deno.test("NATSLink closes at once when NATS closes its direction", () => {
  const { link, transport } = connect();
  link.readConnectionLost();
  assertEquals(transport.disconnecting, true);
  link.connectionLost(new ConnectionDone());
});

Deno.test("NATSLink is aborted when the server speaks another protocol", async () => {
  const { link, transport } = connect();
  transport.abortConnection = () => link.connectionLost(new ConnectionDone());
  // The client prints the error.
  const print = console.log;
  console.log = () => {};
  try {
    const following = link.follow(0, () => {});
    link.dataReceived(new TextEncoder().encode("HTTP/1.1 400 Bad Request\r\n\r\n"));
    await assertRejects(() => following);
  } finally {
    console.log = print;
  }
});

Deno.test("NATSLink is aborted with the reason if NATS refuses the login", async () => {
  const { link, transport } = connect();
  const reasons: string[] = [];
  transport.abortConnection = (reason) => {
    reasons.push(`${reason}`);
    link.connectionLost(reason ?? new ConnectionDone());
  };
  const following = link.follow(0, () => {});
  link.dataReceived(new TextEncoder().encode(`${INFO}-ERR 'Authorization Violation'\r\n`));
  await assertRejects(() => following);
  assertEquals(reasons[0], "AuthorizationError: Authorization Violation");
});
