// Tests the connection to Redis without a server.

import { assertEquals } from "@std/assert";
import { Clock, ConnectionDone, log } from "@torsion/reactor";
import { StringTransport } from "@torsion/reactor/testing";
import type { Message } from "./bus.ts";
import { RedisLink } from "./redis_link.ts";

/** Returns a push message of RESP3. */
function push(...words: string[]): string {
  return `>${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join("")}`;
}

/** Lets the promises of the link settle. */
async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await null;
}

Deno.test("RedisLink ignores what is not a message, in the list and on the channel", async () => {
  using logs = log.capturedLogs();
  const link = new RedisLink(new Clock(), () => {});
  link.makeConnection(new StringTransport());
  const answer = (text: string) => {
    link.dataReceived(new TextEncoder().encode(text));
    return settle();
  };
  const messages: Message[] = [];
  const following = link.follow(0, (message) => messages.push(message));
  await answer("%1\r\n+proto\r\n:3\r\n");
  await answer(">3\r\n+subscribe\r\n+room\r\n:1\r\n");
  await answer("*2\r\n+garbage\r\n+7 hello\r\n");
  assertEquals(await following, 7);
  for (const line of ["", '{"number":8}', "1e99 far", "-1 old", "8 two words"]) {
    await answer(push("message", "room", line));
  }
  assertEquals(messages, [{ number: 7, text: "hello" }, { number: 8, text: "two words" }]);
  assertEquals(logs.map(({ message }) => message), [
    'Ignored a line on room that does not begin with a number: "garbage"',
  ]);
  link.connectionLost(new ConnectionDone());
});
