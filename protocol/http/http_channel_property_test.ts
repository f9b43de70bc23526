/** Whatever the split of its requests, a client receives the same responses. */

import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { connectedServerAndClient, TestPeer } from "../../testing/mod.ts";
import { chunksAt, latin1Bytes } from "../../testing/fixtures/split_input.ts";
import { HTTPFactory, type HTTPHandler } from "./mod.ts";

/** Answers at once, later, with a stream, or not at all to the body. */
const handler: HTTPHandler = async (request) => {
  switch (new URL(request.url).pathname) {
    case "/text":
      return new Response(await request.text());
    case "/echo":
      return new Response(new Blob([await request.bytes()]).stream());
    case "/later":
      await Promise.resolve();
      return new Response("later");
    default:
      return new Response("ignored");
  }
};

const atOnce = new HTTPFactory(() => new Response("at once"));
const byPath = new HTTPFactory(handler);

const path = fc.constantFrom("/text", "/echo", "/later", "/none");
const body = fc.stringMatching(/^[a-z]{0,20}$/);
const plain = path.map((path) => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
const sized = fc.tuple(path, body).map(([path, body]) =>
  `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`
);
const chunked = fc.tuple(path, fc.array(body.filter((text) => text !== ""), { maxLength: 3 })).map(
  ([path, chunks]) =>
    `POST ${path} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n` +
    chunks.map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`).join("") + "0\r\n\r\n",
);
const last = fc.constantFrom(
  "",
  "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
  "bad\r\n",
);
const requests = fc.array(fc.oneof(plain, sized, chunked), { maxLength: 6 });

/** Sends chunks, and returns what the client receives. */
async function answersTo(factory: HTTPFactory, chunks: readonly Uint8Array[]): Promise<string> {
  using pair = connectedServerAndClient(factory, TestPeer);
  for (const chunk of chunks) {
    pair.client.send(chunk);
    await pair.pump.pumpUntilIdle();
  }
  return pair.client.text.replaceAll(/date: [^\r]+\r\n/g, "");
}

Deno.test("HTTPChannel answers the same requests alike, whatever their split", async () => {
  const cuts = fc.array(fc.nat(2000), { maxLength: 8 });
  const factory = fc.constantFrom(atOnce, byPath);
  await fc.assert(
    fc.asyncProperty(factory, requests, last, cuts, async (factory, requests, last, cuts) => {
      const bytes = latin1Bytes(requests.join("") + last);
      const whole = await answersTo(factory, [bytes]);
      assertEquals(await answersTo(factory, chunksAt(bytes, cuts)), whole);
      const count = whole.split("HTTP/1.1 200 OK").length - 1;
      assertEquals(count, requests.length + (last.startsWith("GET") ? 1 : 0));
    }),
    { numRuns: 300, seed: 20_260_101 },
  );
});
